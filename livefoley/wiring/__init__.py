"""From configuration to adapters: the only package that picks concrete sources, sinks, workers and stores."""
