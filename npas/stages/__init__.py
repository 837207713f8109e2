"""The stages of a build, each a file of functions; ``npas.pipeline`` puts them in a row."""
