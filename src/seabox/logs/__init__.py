"""What a container wrote: k8s-file logs, and the times by which they are searched."""
