"""Prompt to expert. Rules first, then what examples and learned scores expect of the candidates,
weighed with their cost and the time until they would have answered; conversations keep theirs.

Deciding never fails: whatever goes wrong, the route's generalist answers, and the reason says so.
"""

from collections.abc import Mapping, Sequence

from msgspec import Struct

from coterie.config import Composition
from coterie.config.permission import Permissions, experts_of
from coterie.config.route import Route
from coterie.router.decision import BROKEN, UNJUDGED, Decision, top
from coterie.router.filters import joined, late, unable
from coterie.router.judge import Judge, Judgement
from coterie.router.prompt import Prompt
from coterie.router.rules import Rules, described
from coterie.router.sessions import Sessions
from coterie.router.utility import Candidate, best, costs, qualities, seconds_of, utility
from coterie.scheduler.status import Outlook
from coterie.types import NO_BUDGET, Budget, Expert


class Request(Struct, frozen=True):
    """A prompt, whose it is, until when it wants an answer; `chat`: flows can answer it."""

    prompt: Prompt
    tenant: str = ""
    budget: Budget = NO_BUDGET
    streams: bool = True
    chat: bool = True


class Router:
    """One route. Raises RouterInvalid where its rules ask for what is not installed."""

    def __init__(self, route: Route, composition: Composition, judge: Judge | None = None) -> None:
        self.route = route
        self.names = route.named
        self.slow = judge is not None and judge.slow
        self._rules = Rules(route.rules)
        self._judge = judge or Judge()
        self._sessions = Sessions(route.stickiness)
        self._permissions = Permissions(composition)
        self._flows = {flow.name: flow for flow in composition.flows}
        self._experts = _experts(self.names, composition)
        self.asks = tuple(dict.fromkeys(e.name for all_ in self._experts.values() for e in all_))
        self._said = {
            name: sum(expert.cost for expert in experts)
            for name, experts in self._experts.items()
            if all(expert.cost for expert in experts)
        }

    def judge(self, request: Request, outlooks: Sequence[Outlook] = ()) -> Judgement | None:
        """What is found out about a prompt; None: a rule decides by these outlooks, nothing need
        be. It may take milliseconds, and may be done in a thread: it changes nothing. Never raises.
        """
        try:
            barred = self._barred(request, self._outlooks(outlooks))
            decided = self._rules.apply(request.prompt, request.tenant, barred).to
        except Exception as error:
            return Judgement(trouble=f"{type(error).__name__}: {error}")
        return None if decided else self._judge.judge(request.prompt.judged)

    def decide(
        self,
        request: Request,
        outlooks: Sequence[Outlook],
        now: float,
        *,
        judgement: Judgement | None = None,
        looking: bool = False,
    ) -> Decision:
        """Who answers. `outlooks`: of the experts in `asks`, as far as they are known; `now`:
        seconds since the epoch; `judgement`: what `judge` found, else it is judged here;
        `looking`: nothing is remembered of it. Never raises.
        """
        try:
            return self._decided(request, outlooks, now, judgement, looking)
        except Exception as error:
            return self._default(request, f"{BROKEN}: {type(error).__name__}: {error}")

    def _decided(
        self,
        request: Request,
        outlooks: Sequence[Outlook],
        now: float,
        judgement: Judgement | None,
        looking: bool,
    ) -> Decision:
        found = self._outlooks(outlooks)
        barred = self._barred(request, found)
        ruling = self._rules.apply(request.prompt, request.tenant, barred)
        if not ruling.to and judgement is None:
            judgement = self._judge.judge(request.prompt.judged)
        judged = judgement or Judgement()
        if judged.trouble and not ruling.to:
            return self._default(request, f"{UNJUDGED}: {judged.trouble}", barred)
        weighed = self._weighed(request, found, barred, judged, ruling.points)
        if len(barred) == len(self.names):
            why = "; ".join(dict.fromkeys(barred.values()))
            return self._default(request, f"default: nobody can answer: {why}", barred, weighed)
        if ruling.to:
            said = described(self.route.rules[ruling.rule])
            choice, sure = ruling.to, True
            reason = f"rule {ruling.rule + 1} ({said}) says {ruling.to!r}"
        else:
            choice, sure, reason = self._chosen(judged, weighed, ruling.points)
        return self._kept(
            request,
            Decision(
                route=self.route.name,
                expert=choice,
                category="" if ruling.to else judged.category,
                confidence=1.0 if ruling.to else judged.confidence,
                scores=top(weighed) if judged.scores or judged.shares or ruling.points else {},
                reason=reason,
                considered=weighed,
            ),
            now,
            by_rule=bool(ruling.to),
            sure=sure,
            looking=looking,
        )

    def _barred(self, request: Request, outlooks: Mapping[str, Outlook]) -> dict[str, str]:
        """Who may not, cannot or should not answer, and why. Being away or late bars only where
        somebody else is there, or would be in time.
        """
        barred = self._incapable(request)
        away: dict[str, str] = {}
        lates: dict[str, str] = {}
        for name in self.names:
            outlook = outlooks[name]
            if name in barred:
                continue
            if outlook.where == "unavailable":
                away[name] = f"{name!r} is not available: {outlook.reason}"
            elif why := late(outlook, request.budget, streams=request.streams):
                lates[name] = why
        for soft in (away, lates):
            if len(barred) + len(soft) < len(self.names):
                barred |= soft
        return barred

    def _incapable(self, request: Request) -> dict[str, str]:
        """Who may not or cannot answer, wherever it is."""
        barred: dict[str, str] = {}
        for name in self.names:
            if not self._permissions.may(request.tenant, name):
                barred[name] = f"tenant {request.tenant!r} may not use {name!r}"
            elif name in self._flows and not request.chat:
                barred[name] = f"{name!r} is a flow, which answers chats"
            elif why := unable(request.prompt, self._experts[name]):
                barred[name] = why
        return barred

    def _weighed(
        self,
        request: Request,
        outlooks: Mapping[str, Outlook],
        barred: Mapping[str, str],
        judged: Judgement,
        points: Mapping[str, float],
    ) -> tuple[Candidate, ...]:
        route = self.route
        sizes = {name: outlook.hot_bytes for name, outlook in outlooks.items()}
        cost = costs(self.names, self._said, sizes)
        quality = qualities(self.names, route.otherwise, judged.scores, judged.shares, points)
        found: list[Candidate] = []
        for name in self.names:
            outlook = outlooks[name]
            seconds = seconds_of(outlook, route.patience, streams=request.streams)
            worth = utility(quality[name], cost[name], seconds, route.economy, route.patience)
            found.append(
                Candidate(
                    name,
                    quality[name],
                    cost[name],
                    seconds,
                    outlook.where == "resident",
                    worth,
                    barred.get(name, ""),
                )
            )
        return tuple(found)

    def _chosen(
        self, judged: Judgement, weighed: tuple[Candidate, ...], points: Mapping[str, float]
    ) -> tuple[str, bool, str]:
        """Who answers where no rule decides, whether that is more than a default, and why."""
        route = self.route
        otherwise = route.otherwise
        unsure = ""
        if judged.strange:
            unsure = "it is like no category"
        elif judged.category and judged.confidence < route.confidence:
            unsure = (
                f"category {judged.category!r} is {judged.confidence:.0%} certain, less than "
                f"{route.confidence:.0%}"
            )
        elif not (self._judge.knows or points) and route.rules:
            unsure = "no rule holds"
        excluded = {one.expert: one.excluded for one in weighed}[otherwise]
        if unsure and not excluded:
            return otherwise, False, f"{unsure}: the generalist {otherwise!r} answers"
        spoken = weighed
        if not (self._judge.knows or route.candidates):  # others were named for other prompts
            spoken = tuple(one for one in weighed if one.expert in (otherwise, *points))
        if all(one.excluded for one in spoken):
            spoken = weighed
        chosen = best(spoken, route.margin)
        assert chosen is not None, "somebody may answer"
        because = f"{unsure}, and {excluded}: " if unsure else ""
        return chosen.expert, not unsure, because + _praise(chosen, spoken)

    def _kept(
        self,
        request: Request,
        decision: Decision,
        now: float,
        *,
        by_rule: bool,
        sure: bool,
        looking: bool,
    ) -> Decision:
        """The decision, or whom the conversation has already."""
        prompt, sessions = request.prompt, self._sessions
        able = {one.expert: one for one in decision.considered if not one.excluded}
        session = None if prompt.begins else sessions.of(prompt.conversation, now)
        if session is not None and session.expert not in able:
            session = None
        more = by_rule or (
            sure
            and session is not None
            and self._strength(able, decision.expert) >= self._strength(able, session.expert)
        )
        settled = sessions.settle(session, prompt.turn, decision.expert, now, more=more)
        if not looking:
            sessions.remember(prompt.conversation, settled)
        if settled.expert == decision.expert:
            return decision
        reason = (
            f"the conversation stays with {settled.expert!r}, though {decision.expert!r} would do "
            f"(turn {max(1, settled.lesser)} of {self.route.stickiness}): {decision.reason}"
        )
        return Decision(
            decision.route,
            settled.expert,
            decision.category,
            decision.confidence,
            decision.scores,
            reason,
            decision.considered,
        )

    def _strength(self, able: Mapping[str, Candidate], name: str) -> float:
        """What an expert is worth in general: its learned mean, else what it costs."""
        learned = self._judge.learned
        if learned is not None and all(one in learned.priors for one in able):
            return learned.priors[name]
        return able[name].cost if name in able else 0.0

    def _default(
        self,
        request: Request,
        why: str,
        barred: Mapping[str, str] | None = None,
        considered: tuple[Candidate, ...] = (),
    ) -> Decision:
        """The generalist; where it may not answer, the first who may; where nobody may, it all the
        same: who serves it says what is wrong.
        """
        wanted = [self.route.otherwise, *self.names]
        able = [name for name in wanted if barred is None or name not in barred]
        may = self._permissions.of(request.tenant, able or wanted)
        name = may[0] if may else self.route.otherwise
        return Decision(self.route.name, name, reason=why, considered=considered)

    def _outlooks(self, outlooks: Sequence[Outlook]) -> dict[str, Outlook]:
        """Of each candidate; one that nothing is known of is somewhere, and answers at once."""
        known = {outlook.expert: outlook for outlook in outlooks}
        found: dict[str, Outlook] = {}
        for name in self.names:
            experts = self._experts[name]
            each = [known.get(one.name) or Outlook(one.name, "room") for one in experts]
            flow = self._flows.get(name)
            found[name] = joined(name, each, flow.kind) if flow is not None else each[0]
        return found


def _experts(names: Sequence[str], composition: Composition) -> dict[str, tuple[Expert, ...]]:
    """Those behind each candidate: itself, or those of a flow."""
    flows = {flow.name: flow for flow in composition.flows}
    known = {name: expert for expert in composition.experts for name in expert.aliases}
    known |= {expert.name: expert for expert in composition.experts}
    return {name: tuple(known[one] for one in experts_of(name, flows)) for name in names}


def _praise(chosen: Candidate, weighed: tuple[Candidate, ...]) -> str:
    """Why it was chosen among those who may answer."""
    able = [one for one in weighed if not one.excluded]
    if len(able) == 1:
        return f"only {chosen.expert!r} can answer"
    first = max(able, key=lambda one: one.utility)
    if first.utility > chosen.utility:
        return f"{chosen.expert!r} is as good as {first.expert!r} within the margin, and resident"
    there = "resident" if chosen.resident else "not resident"
    taken = f", {chosen.seconds:.1f} s" if chosen.seconds else ""
    return f"{chosen.expert!r} is worth most: quality {chosen.quality:.2f}, {there}{taken}"
