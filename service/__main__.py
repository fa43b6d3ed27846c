"""`python -m service`: the command line, for places where the installed script is not on the path."""

from service.entry import main

if __name__ == "__main__":
    main()
