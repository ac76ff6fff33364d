"""The model registry, kept in MLflow, which is imported in this folder alone and late: it takes two seconds.

`store` opens the store, `runs` logs trainings, `versions` registers and lists models, `find` opens one for use,
`comparisons` keeps what came of champion against challenger, `aliases` says which is used.
"""
