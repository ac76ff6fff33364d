"""The model registry in MLflow. Only this folder imports MLflow, and only when needed: the import takes two seconds.

`store` opens the store, `runs` logs trainings, and `served_model` logs models that MLflow's own tools can serve.
`versions` registers and lists them, `find_model` opens one, `comparisons` stores champion-challenger comparisons, and
`aliases` moves the champion.
"""
