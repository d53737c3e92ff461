"""`python -m kws_train`, which torchrun and accelerate launch can start: `-m kws_train fit …`."""

from .cli import main

if __name__ == "__main__":
    main(prog_name="kws-train")
