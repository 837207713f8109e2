"""What the commands of ``npas.cli`` are made of, apart from the pipeline itself."""
