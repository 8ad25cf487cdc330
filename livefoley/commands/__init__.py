"""The commands of ``livefoley``. A module declares them with typer and imports what does the work once they are run, so
that help and completion need none of it; ``cli`` takes them in."""
