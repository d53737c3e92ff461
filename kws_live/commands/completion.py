"""`kws-live completion`."""

import click


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(context: click.Context, shell: str) -> None:
    r"""Print the completion script of a shell.

    \b
    bash:  eval "$(kws-live completion bash)"              in ~/.bashrc
    zsh:   eval "$(kws-live completion zsh)"               in ~/.zshrc
    fish:  kws-live completion fish | source               in ~/.config/fish/config.fish
    """
    from click.shell_completion import get_completion_class  # noqa: PLC0415

    completer = get_completion_class(shell)
    assert completer is not None, "click knows the three shells"
    command = context.find_root().command
    click.echo(completer(command, {}, "kws-live", "_KWS_LIVE_COMPLETE").source())
