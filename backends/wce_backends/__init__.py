"""Backends of wce_core, one module each; nothing is imported before an array asks for it."""
