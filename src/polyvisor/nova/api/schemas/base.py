"""What the queries have in common."""

from typing import Any

from nova.api.validation import parameter_types

Schema = dict[str, Any]

NAME = parameter_types.single_param({"type": "string", "minLength": 1, "maxLength": 255})


def query(**filters: Schema) -> Schema:
    """Return the schema of a list query: the filters, pagination, and nothing else."""
    return {
        "type": "object",
        "properties": {
            "limit": parameter_types.single_param(parameter_types.non_negative_integer),
            "marker": parameter_types.single_param({"type": "string"}),
            **filters,
        },
        "additionalProperties": False,
    }
