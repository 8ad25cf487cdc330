"""Where sounds come from: a description read (``description``), the effects (``bank``), ambience (``bed``), all of it
rendered by ``synth``, and a small network for the rest (``student``).

Begin with ``source``. Sees core, dsp, formats and system only.
"""
