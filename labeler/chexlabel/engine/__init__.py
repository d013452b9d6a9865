"""The stages from text to labels: sections, sentences, mentions, assertion, aggregation."""
