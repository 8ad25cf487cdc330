"""HTTP: probes, metrics, HLS, the API."""
