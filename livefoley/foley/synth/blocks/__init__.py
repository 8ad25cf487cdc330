"""What renderers are built of: noise, filters and grains, struck bodies, voices, the space around a sound."""
