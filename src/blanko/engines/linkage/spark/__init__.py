"""The same keys, comparison, model and cutting rule on more than one machine, by Apache Spark."""
