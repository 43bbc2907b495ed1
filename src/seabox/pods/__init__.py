"""Pods: a pod is an ordered set of operations on containers."""
