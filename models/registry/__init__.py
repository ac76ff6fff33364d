"""The model registry, kept in MLflow, which is imported in this folder alone and late: it takes two seconds.

`store` opens the store, `runs` logs trainings and `served_model` the models that MLflow's own tools serve, `versions`
registers and lists them, `find` opens one for use, `comparisons` keeps what came of champion against challenger, and
`aliases` says which is used.
"""
