"""From configuration to adapters: the only place that picks concrete ones."""
