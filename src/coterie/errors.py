"""Every error Coterie raises on purpose, each with the HTTP status it becomes.

CoterieError
├── CompositionError        the document is wrong: every problem, with its path
├── CommandError            a command that cannot be carried out
│   ├── StateInUse          another server holds the state directory, or it cannot be written
│   ├── AddressInUse        the address to listen on is taken, or is not this machine's
│   ├── ServerUnreachable   no server answers where the command asks
│   ├── ServerRefused       the server answered with an error
│   └── JournalUnusable     a journal that cannot be read or replayed
├── TraceInvalid            a recorded workload that cannot be read
├── ProfileInvalid          a hardware profile that is wrong, or lacks what is asked of it
├── RatingsInvalid          rated prompts that cannot be read, or do not say enough
├── RouterInvalid           a fitted router that cannot be used here
├── PlanImpossible          no composition fits what was asked
├── WeightsError            weights that cannot be used
│   ├── WeightsNotFound     no such file, package, or remote object
│   ├── WeightsInvalid      truncated, forged, or of an unknown format
│   ├── DigestMismatch      the bytes are not the bytes that were pinned
│   └── FetchFailed         the source did not deliver (worth another try)
├── EngineError             an engine could not do what it was asked
│   ├── EngineUnknown       no engine of that name is installed
│   ├── LoadError           a replica did not start
│   └── WorkerLost          a worker died while it served
├── RequestError            the client's request cannot be served as it is
│   ├── BadRequest          malformed (400); `param` names the field
│   ├── Unauthorized        no valid API key (401)
│   ├── Forbidden           an expert that the key's tenant may not use (403)
│   ├── ForeignOrigin       a web page of another origin would steer the server (403)
│   ├── UnknownExpert       no expert of that name (404)
│   ├── UnknownPath         no such endpoint, or nothing of that name behind it (404)
│   ├── WrongMethod         the endpoint answers other methods (405); `allow` lists them
│   ├── BudgetImpossible    its latency budget is less than it takes with nobody else there (400)
│   └── BodyTooLarge        more bytes than the limit (413)
└── Refused                 a good request that cannot be served now; carries Retry-After
    ├── QueueFull           too many requests wait already (429)
    ├── WaitExceeded        it waited as long as it may (503)
    ├── BudgetExceeded      it cannot be answered within its latency budget (503)
    └── ExpertUnavailable   its expert failed to load, or is withdrawn (503)

The gateway renders any of them as an OpenAI error from `status`, `code` and the message alone.
"""

from typing import ClassVar

import msgspec


class CoterieError(Exception):
    """The root: `status` is the HTTP status, `code` a stable word, `retryable`: try again."""

    status: ClassVar[int] = 500
    code: ClassVar[str] = "internal_error"
    retryable: ClassVar[bool] = False


class Problem(msgspec.Struct, frozen=True, order=True):
    """One thing wrong with a document: where (`experts[2].context`) and what to do about it."""

    path: str
    message: str

    def __str__(self) -> str:
        return f"{self.path}: {self.message}" if self.path else self.message


class CompositionError(CoterieError):
    """The composition document is wrong; `problems` lists everything found in it."""

    status = 400
    code = "invalid_composition"

    def __init__(self, problems: tuple[Problem, ...]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


class TraceInvalid(CoterieError):
    status = 400
    code = "invalid_trace"


class ProfileInvalid(CoterieError):
    status = 400
    code = "invalid_profile"


class RatingsInvalid(CoterieError):
    status = 400
    code = "invalid_ratings"


class RouterInvalid(CoterieError):
    status = 400
    code = "invalid_router"


class PlanImpossible(CoterieError):
    status = 400
    code = "plan_impossible"


class CommandError(CoterieError):
    status = 400
    code = "command_failed"


class StateInUse(CommandError):
    code = "state_in_use"


class AddressInUse(CommandError):
    code = "address_in_use"


class ServerUnreachable(CommandError):
    code = "server_unreachable"
    retryable = True


class ServerRefused(CommandError):
    code = "server_refused"


class JournalUnusable(CommandError):
    code = "journal_unusable"


class WeightsError(CoterieError):
    status = 503
    code = "weights_unusable"


class WeightsNotFound(WeightsError):
    code = "weights_not_found"


class WeightsInvalid(WeightsError):
    code = "weights_invalid"


class DigestMismatch(WeightsError):
    code = "digest_mismatch"


class FetchFailed(WeightsError):
    code = "fetch_failed"
    retryable = True


class EngineError(CoterieError):
    status = 502
    code = "engine_error"


class EngineUnknown(EngineError):
    status = 400
    code = "engine_unknown"


class LoadError(EngineError):
    status = 503
    code = "load_failed"
    retryable = True


class WorkerLost(EngineError):
    code = "worker_lost"
    retryable = True


class RequestError(CoterieError):
    status = 400
    code = "invalid_request"


class BadRequest(RequestError):
    def __init__(self, message: str, param: str | None = None) -> None:
        super().__init__(message)
        self.param = param


class Unauthorized(RequestError):
    status = 401
    code = "invalid_api_key"


class Forbidden(RequestError):
    status = 403
    code = "expert_forbidden"


class ForeignOrigin(RequestError):
    status = 403
    code = "foreign_origin"


class UnknownExpert(RequestError):
    status = 404
    code = "model_not_found"


class UnknownPath(RequestError):
    status = 404
    code = "not_found"


class WrongMethod(RequestError):
    status = 405
    code = "method_not_allowed"

    def __init__(self, message: str, allow: tuple[str, ...]) -> None:
        super().__init__(message)
        self.allow = allow


class BudgetImpossible(RequestError):
    code = "budget_impossible"


class BodyTooLarge(RequestError):
    status = 413
    code = "body_too_large"


class Refused(CoterieError):
    """A request that cannot be served now: `retry_after_s` and, when it is known, `eta_s`."""

    status = 503
    code = "refused"
    retryable = True

    def __init__(self, message: str, retry_after_s: float, eta_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.eta_s = eta_s


class QueueFull(Refused):
    status = 429
    code = "queue_full"


class WaitExceeded(Refused):
    code = "wait_exceeded"


class BudgetExceeded(Refused):
    code = "budget_exceeded"


class ExpertUnavailable(Refused):
    code = "expert_unavailable"
