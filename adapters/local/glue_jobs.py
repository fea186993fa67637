"""Job definitions of the Glue endpoint, and the tags on them."""

from __future__ import annotations

import time
from pathlib import Path

from adapters.local.glue_cloud import Cloud
from adapters.local.glue_documents import Documents
from adapters.local.glue_errors import already_exists, not_found
from adapters.local.glue_requests import Json, page, required
from adapters.local.glue_validation import check_job, check_name

# What CreateJob and UpdateJob may set; the rest of a request is not part of a definition.
_FIELDS = [
    "JobMode",
    "Description",
    "LogUri",
    "Role",
    "ExecutionProperty",
    "Command",
    "DefaultArguments",
    "NonOverridableArguments",
    "Connections",
    "MaxRetries",
    "Timeout",
    "MaxCapacity",
    "SecurityConfiguration",
    "NotificationProperty",
    "GlueVersion",
    "ExecutionClass",
    "WorkerType",
    "NumberOfWorkers",
]


class Jobs:
    """CreateJob, GetJob and the like; the caller serialises calls."""

    def __init__(self, directory: Path, cloud: Cloud) -> None:
        self._jobs = Documents(directory / "jobs.json")
        self._tags = Documents(directory / "tags.json")
        self._cloud = cloud

    def find(self, name: str) -> Json:
        """The definition of that name."""
        if (job := self._jobs.get(name)) is None:
            raise not_found(f"Job with name: {name} not found.")
        return job

    def create(self, request: Json) -> Json:
        name = check_name(request.get("Name"))
        definition = self._checked(request)
        if self._jobs.get(name) is not None:
            raise already_exists(f"Job with name {name} already exists.")
        now = time.time()
        self._tags.put(self._arn(name), dict(request.get("Tags") or {}))
        self._jobs.put(name, {"Name": name, "CreatedOn": now, "LastModifiedOn": now, **definition})
        return {"Name": name}

    def update(self, request: Json) -> Json:
        """Replace the whole definition, as Glue does: what the request leaves out is gone."""
        job = self.find(required(request, "JobName"))
        definition = self._checked(request.get("JobUpdate") or {})
        kept = {"Name": job["Name"], "CreatedOn": job["CreatedOn"], "LastModifiedOn": time.time()}
        self._jobs.put(job["Name"], {**kept, **definition})
        return {"JobName": job["Name"]}

    def get(self, request: Json) -> Json:
        return {"Job": self.find(required(request, "JobName"))}

    def get_all(self, request: Json) -> Json:
        jobs, more = page(self._jobs.sorted(), request)
        return {"Jobs": jobs, **more}

    def list_names(self, request: Json) -> Json:
        """Names of the jobs that have all the tags asked for."""
        wanted = (request.get("Tags") or {}).items()
        names = [job["Name"] for job in self._jobs.sorted()]
        tagged = [name for name in names if wanted <= (self._tags.get(self._arn(name)) or {}).items()]
        shown, more = page(tagged, request)
        return {"JobNames": shown, **more}

    def delete(self, request: Json) -> Json:
        """No error when there is none, as in Glue."""
        name = required(request, "JobName")
        self._jobs.remove(name)
        self._tags.remove(self._arn(name))
        return {"JobName": name}

    def get_tags(self, request: Json) -> Json:
        return {"Tags": self._tags_of(required(request, "ResourceArn"))}

    def tag(self, request: Json) -> Json:
        arn = required(request, "ResourceArn")
        self._tags.put(arn, {**self._tags_of(arn), **(request.get("TagsToAdd") or {})})
        return {}

    def untag(self, request: Json) -> Json:
        arn = required(request, "ResourceArn")
        gone = request.get("TagsToRemove") or []
        self._tags.put(arn, {key: value for key, value in self._tags_of(arn).items() if key not in gone})
        return {}

    def _tags_of(self, arn: str) -> Json:
        if (tags := self._tags.get(arn)) is None:
            raise not_found(f"Resource {arn} not found.")
        return tags

    def _checked(self, request: Json) -> Json:
        definition = {field: request[field] for field in _FIELDS if field in request}
        check_job(definition)
        self._cloud.check_role(definition["Role"])
        defaults = {"ExecutionProperty": {"MaxConcurrentRuns": 1}, "MaxRetries": 0, "Timeout": 2_880}
        return {**defaults, "MaxCapacity": 0.0625, "GlueVersion": "3.0", **definition}

    def _arn(self, name: str) -> str:
        return f"arn:aws:glue:{self._cloud.region}:{self._cloud.account}:job/{name}"
