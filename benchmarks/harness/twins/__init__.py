"""Hand-written programs beside our models: what does a model's adapter add to what its library costs?"""
