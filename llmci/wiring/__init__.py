"""The one room that sees stages and adapters together: one file a stage builds them from the configuration and runs them."""
