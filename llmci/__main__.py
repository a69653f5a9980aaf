"""`python -m llmci` is the `llmci` command."""

from llmci.cli.main import main

if __name__ == "__main__":
    main()
