"""What recorded workloads look like: a reader for each format, known by its first line."""
