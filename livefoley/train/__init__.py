"""How the student comes to be: data, network, fitting, distillation, quantisation, export, evaluation.

The only package that imports torch (extra ``train``); nothing that runs in a room imports it.
"""
