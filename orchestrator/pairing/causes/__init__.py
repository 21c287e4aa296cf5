"""Why two models part: what people get wrong when they port one, each tried by undoing it."""
