"""A real microphone where there is none: a private PulseAudio whose monitor is what programs record.

with VirtualMicrophone() as microphone:
    subprocess.Popen(["kws-live", "--json"], env=microphone.env)
    microphone.play(Path("speech.wav"))
"""

import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path
from types import TracebackType
from typing import Self

PROGRAMS = ("pulseaudio", "paplay", "pactl")

SINK = "mic_sink"
"""Whatever is played into this sink is heard at `SOURCE`."""

SOURCE = f"{SINK}.monitor"

_START_TIMEOUT_S = 10.0

_SINK_MODULE = "module-null-sink"
# norewinds: else the sink renders 2 s at a time, and what is played meanwhile is lost.
_SINK_ARGUMENTS = f"sink_name={SINK} rate={{rate_hz}} channels=1 format=s16le norewinds=1"

_SCRIPT = f"""\
load-module module-native-protocol-unix auth-anonymous=1 socket={{folder}}/native
load-module {_SINK_MODULE} {_SINK_ARGUMENTS}
set-default-sink {SINK}
set-default-source {SOURCE}
"""


class VirtualMicrophone:
    """A PulseAudio server of our own, as a child process, with a null sink to speak into."""

    def __init__(self, rate_hz: int = 16_000) -> None:
        """Prepare a server.

        Args:
            rate_hz: rate of the sink and of its monitor.

        Raises:
            FileNotFoundError: PulseAudio is not installed; says what to install.
        """
        absent = [program for program in PROGRAMS if shutil.which(program) is None]
        if absent:
            raise FileNotFoundError(
                f"{', '.join(absent)}: not installed; apt-get install pulseaudio pulseaudio-utils"
            )
        # Not pytest's folder for the test: the path of a socket must be short.
        folder = Path(tempfile.mkdtemp(prefix="kws-mic-"))
        self._folder = folder
        self._rate_hz = rate_hz
        self._log = folder / "pulseaudio.log"
        self._script = folder / "microphone.pa"
        self._script.write_text(_SCRIPT.format(folder=folder, rate_hz=rate_hz))
        self._server: subprocess.Popen[bytes] | None = None
        own = {"HOME": str(folder), "XDG_RUNTIME_DIR": str(folder)}
        kept = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith("PULSE_") and name not in ("DISPLAY", "DBUS_SESSION_BUS_ADDRESS")
        }
        self._server_env = kept | own
        self.env = self._server_env | {"PULSE_SERVER": f"unix:{folder}/native"}
        """Environment of programs that shall record from it."""

    def __enter__(self) -> Self:
        """Start the server."""
        self.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        """End the server, frozen or not, and remove its files."""
        self.kill()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server and wait until it answers; after `kill`, again."""
        options = "-n --daemonize=no --use-pid-file=no --exit-idle-time=-1 --log-target=stderr"
        with self._log.open("ab") as log:
            self._server = subprocess.Popen(
                ["pulseaudio", *options.split(), "--log-level=error", "-F", str(self._script)],
                env=self._server_env,
                stdin=subprocess.DEVNULL,
                stderr=log,
            )
        deadline_s = time.monotonic() + _START_TIMEOUT_S
        while self._ask("info").returncode:
            if self._server.poll() is not None or time.monotonic() > deadline_s:
                said = self._log.read_text(errors="replace")
                self.kill()
                raise RuntimeError(f"PulseAudio does not start: {said}")
            time.sleep(0.02)

    def kill(self) -> None:
        """Kill the server; harmless when it is not running."""
        if self._server is not None:
            self._server.kill()
            self._server.wait()
            self._server = None

    def freeze(self) -> None:
        """Stop the server in its tracks, as a hung one is: it holds its connections and says nothing."""
        self._signal(signal.SIGSTOP)

    def thaw(self) -> None:
        """Let a frozen server go on."""
        self._signal(signal.SIGCONT)

    def speak(self, path: Path) -> subprocess.Popen[bytes]:
        """Start to play a sound file into the microphone; the caller waits for or kills the process."""
        return subprocess.Popen(["paplay", str(path)], env=self.env, stdin=subprocess.DEVNULL)

    def play(self, path: Path) -> None:
        """Play a sound file into the microphone, to its end."""
        subprocess.run(["paplay", str(path)], env=self.env, check=True, stdin=subprocess.DEVNULL)

    def unplug(self) -> None:
        """Take the microphone away, as pulling a cable does."""
        self.pactl("unload-module", _SINK_MODULE)

    def plug_in(self) -> None:
        """Bring it back."""
        arguments = _SINK_ARGUMENTS.format(rate_hz=self._rate_hz)
        self.pactl("load-module", _SINK_MODULE, *arguments.split())
        self.pactl("set-default-sink", SINK)
        self.pactl("set-default-source", SOURCE)

    def suspend(self, suspended: bool) -> None:
        """Suspend the sink, or resume it: while suspended, it delivers nothing and reports nothing."""
        self.pactl("suspend-sink", SINK, "1" if suspended else "0")

    def pactl(self, *arguments: str) -> str:
        """Run a pactl command; return what it prints.

        Raises:
            RuntimeError: it failed.
        """
        answer = self._ask(*arguments)
        if answer.returncode:
            raise RuntimeError(f"pactl {' '.join(arguments)}: {answer.stderr.strip()}")
        return answer.stdout.strip()

    def _ask(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["pactl", *arguments],
            env=self.env,
            capture_output=True,
            text=True,
            check=False,
            stdin=subprocess.DEVNULL,
        )

    def _signal(self, number: signal.Signals) -> None:
        assert self._server is not None, "the server is not running"
        self._server.send_signal(number)
