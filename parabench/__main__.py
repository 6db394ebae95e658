"""`python -m parabench`: the command line, also where no script is on the path."""

from parabench.cli import main

if __name__ == "__main__":
    main()
