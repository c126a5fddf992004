"""`coterie trace`: workloads as files: read in any format, described, cut, scaled, made."""
