"""YAML to typed configuration, with file and line in every error; the one reader of both."""
