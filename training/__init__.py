"""Training: temporal design, fitting, baselines, evaluation and the MLflow run."""
