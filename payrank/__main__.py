"""`python -m payrank` does what the console script does."""

from payrank.cli.main import main

if __name__ == "__main__":
    main()
