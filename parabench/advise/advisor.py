"""One run from the request to the advice: probe, predict, race, answer."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from parabench.advise.advice import Advice, Calls, RuledOut, Warned
from parabench.advise.batch import batch_size
from parabench.advise.dispatch import dispatch_costs
from parabench.advise.ledger import Ledger, calls_most
from parabench.advise.otherwise import otherwise
from parabench.advise.prediction import Machine, Prediction, Selection, predictions, select
from parabench.advise.probe import Probe
from parabench.advise.prober import Prober
from parabench.advise.race_session import (
    PATIENCE,
    SECONDS_LEAST,
    Raced,
    Terms,
    failures,
    options_of,
    race,
    raised_in,
    share_of_others,
)
from parabench.advise.recommendation import checked_of, costs_text, seconds_per_1000, sure_text, verdict_of
from parabench.advise.request import Request
from parabench.advise.snippet import snippet_of
from parabench.advise.words import (
    NOT_ASKED,
    causes,
    differing,
    differing_labels,
    does,
    of_machine,
    predictions_wrong,
    warnings,
)
from parabench.advise.work import Dealer, Work
from parabench.advise.workload_file import check_new, write_workload
from parabench.machine.abilities import must_be_able
from parabench.machine.cores import cores_usable
from parabench.models import BASELINE, find_models
from parabench.models.contract import Model
from parabench.session.answers import Choice

#: Where no item is run twice: visits that they are dealt out to.
VISITS_ONCE = 12
#: Without --call-timeout a call may take as long as the budget, and at least so many seconds.
CALL_TIMEOUT_LEAST = 60.0
#: Seconds that are kept back for ending.
SECONDS_TO_END = 1.0
#: A race needs time for so many batches of one call after the other.
BATCHES_LEAST = 6


def advise_on(request: Request) -> Advice:
    """All of it. Raises ParabenchError where nothing can be run at all."""
    must_be_able("advising")
    return _Run(request).advice()


class _Run:
    """One run, step by step."""

    def __init__(self, request: Request) -> None:
        self.request = request
        self.began = time.monotonic()
        self.work = Work(target=request.target, twin=request.twin, items=list(request.items), setup=request.setup)
        if request.each_once:
            self.work.dealer = Dealer(self.work.items)
        self.ledger = Ledger(calls_most(len(self.work.items), each_once=request.each_once))
        self.machine = Machine(cores_usable(), {})
        self.probe = Probe()

    def advice(self) -> Advice:
        """From the first call to the answer."""
        request = self.request
        if request.workload_file is not None:
            check_new(request.workload_file)
        request.say(
            f"runs {request.target.dotted} at most {self.ledger.promised:,} times on {len(self.work.items):,} items, "
            f"for about {request.budget_seconds:g} s"
        )
        models = self._models()
        self.machine = Machine(cores_usable(), dispatch_costs(models))
        self.began = time.monotonic()  # what is measured once for all runs is no part of the budget
        request.say("probing")
        budget, most = request.budget_seconds, request.most_in_flight
        timeout = request.call_timeout_seconds or max(budget, CALL_TIMEOUT_LEAST)
        self.probe = Prober(self.work, self.ledger, budget=budget, call_timeout=timeout, most=most).run()
        if self.probe.fatal is not None:
            kind, text = self.probe.fatal
            return self._nothing(Warned(kind, text))
        self.work.kind = self._kind()
        self.work.deterministic = self.probe.deterministic and not request.each_once
        self.work.batch = self._batch()
        if request.workload_file is not None:
            write_workload(request.workload_file, self.work, request.items_text)
        if len(self.work.batch) == 0:
            return self._nothing(Warned("too-few-items", "no item is left that was not run: nothing was raced"))
        selection = select(
            self._predicted(models, len(self.work.batch)), self.machine.cores, each_once=request.each_once
        )
        alone = len(self.work.batch) * self.probe.seconds
        if BATCHES_LEAST * alone > self._left():
            return self._predicted_only(models, alone)
        raced = self._race(selection, alone)
        if BASELINE in differing_labels(failures(raced.records)) and not self.probe.stateful:
            self.probe.stateful = True  # the probe had not seen it: every batch has to begin in a fresh process
            raced = self._race(selection, alone)
        if (seen := raised_in(raced, self.work.name))[1]:
            self.probe.raised, self.probe.looked_at = seen
        return self._answer(selection, raced)

    def _models(self) -> list[Model]:
        known = find_models().values()
        return [m for m in known if not m.variant and not m.on_request and m.availability() is None]

    def _left(self) -> float:
        return self.request.budget_seconds - (time.monotonic() - self.began) - SECONDS_TO_END

    def _kind(self) -> str:
        if not self.probe.computes:
            return "mixed"
        return "native" if self.probe.gil_released > 0.5 else "cpu"

    def _batch(self) -> Sequence[object]:
        """A sample of the items, spread over all of them."""
        items, probe = self.work.items, self.probe
        if (dealer := self.work.dealer) is not None:
            dealer.batch_size = dealer.left // VISITS_ONCE
            return items[: dealer.batch_size]
        size = batch_size(probe, len(items), self.machine.cores, self._left())
        return [items[place * len(items) // size] for place in range(size)]

    def _predicted(
        self, models: Sequence[Model], items: int, probe: Probe | None = None, machine: Machine | None = None
    ) -> list[Prediction]:
        coroutine, only = self.work.coroutine is not None, self.work.target.is_coroutine
        return predictions(
            probe or self.probe, models, machine or self.machine, items, coroutine=coroutine, only_coroutine=only
        )

    def _race(self, selection: Selection, alone: float) -> Raced:
        request = self.request
        with tempfile.TemporaryDirectory(prefix="parabench-advise-") as folder:
            options = options_of(
                self.work,
                budget=max(1.0, self._left()),
                timeout=self._timeout(alone),
                results=request.save or Path(folder),
                on_busy=request.on_busy,
                seed=request.seed,
            )
            terms = Terms(
                options=options,
                ledger=self.ledger,
                fresh=self.probe.remembers or self.probe.stateful or request.each_once,
                keep=request.save is not None,
                output=Path(folder) / "printed",
                say=request.say,
            )
            return race(self.work, selection, terms)

    def _warnings(self) -> list[Warned]:
        unasked = self.request.each_once and not self.request.each_once_asked
        return [*([NOT_ASKED] if unasked else []), *warnings(self.work, self.probe)]

    def _timeout(self, alone: float) -> float:
        """Seconds that a batch may take: many times what it should, and no more than its calls may take together."""
        patience = max(SECONDS_LEAST, PATIENCE * alone)
        each = self.request.call_timeout_seconds
        return patience if each is None else min(patience, max(1.0, each * len(self.work.batch)))

    def _calls(self) -> Calls:
        return Calls(self.ledger.promised, self.ledger.made)

    def _nothing(self, *warned: Warned) -> Advice:
        return Advice(
            function=self.request.target.dotted,
            items=len(self.work.items),
            warnings=(*warned, *self._warnings()),
            calls=self._calls(),
            seconds=time.monotonic() - self.began,
            cores=self.machine.cores,
        )

    def _predicted_only(self, models: Sequence[Model], alone: float) -> Advice:
        """A race would not end: what the probe says is all there is."""
        contestants = [
            contestant for contestant in self._predicted(models, len(self.work.items)) if contestant.impossible is None
        ]
        best = contestants[0]
        baseline = next(contestant for contestant in contestants if contestant.family == "baseline")
        warning = Warned(
            "predicted-only",
            f"a batch of {len(self.work.batch)} calls takes {alone:.3g} s one after the other: no race fits into "
            f"{self.request.budget_seconds:g} s, so this is predicted from {self.ledger.made} calls, not raced; "
            f"--budget {max(60, int(10 * alone)):d} has room for one",
        )
        choice = Choice(best.family, best.model, best.workers, best.chunk)
        return self._with_words(
            choice,
            best,
            Advice(
                function=self.request.target.dotted,
                items=len(self.work.items),
                use=choice,
                warnings=(warning, *self._warnings()),
                ruled_out=tuple(
                    RuledOut(contestant.model, f"{contestant.bound}: predicted only") for contestant in contestants[1:4]
                ),
                calls=self._calls(),
                sure=f"not settled: predicted, {baseline.seconds / best.seconds:.1f}x",
            ),
        )

    def _answer(self, selection: Selection, raced: Raced) -> Advice:
        failed = failures(raced.records)
        checked = checked_of(selection, raced)
        others = share_of_others(raced.records)
        wrong = predictions_wrong(checked, others, widened=raced.widened)
        warnings = (*differing(failed), *self._warnings(), *of_machine(raced.concerns, others), *wrong)
        verdict = verdict_of(selection, raced, awaits=self.work.target.is_coroutine)
        if verdict is None:
            why = raced.stopped or "no contestant gave a valid time"
            return self._nothing(*warnings, Warned("nothing-raced", why))
        ruled_out = [RuledOut(_label(contestant), reason) for contestant, reason in selection.ruled_out]
        ruled_out += [RuledOut(label, text.splitlines()[0]) for label, text in failed.items()]
        share = raced.answer.share_of_limit if raced.answer and raced.answer.use == verdict.use else None
        costs = costs_text(raced, verdict.chosen.key, self.machine.cores)
        advice = Advice(
            function=self.request.target.dotted,
            items=len(self.work.items),
            use=verdict.use,
            settled=verdict.settled,
            speedup=verdict.speedup,
            low=verdict.low,
            high=verdict.high,
            share_of_limit=share,
            seconds_per_1000=seconds_per_1000(raced, verdict.chosen.key),
            equals=verdict.equals,
            following=verdict.following,
            ruled_out=tuple(ruled_out),
            warnings=warnings,
            calls=self._calls(),
            sure="; ".join(filter(None, [sure_text(raced, verdict), costs])),
            checked=checked,
            stored=str(raced.stored) if raced.stored else None,
        )
        return self._with_words(verdict.use, verdict.chosen, advice)

    def _with_words(self, choice: Choice, chosen: Prediction | None, advice: Advice) -> Advice:
        probe, request = self.probe, self.request
        return replace(
            advice,
            seconds_per_call=probe.seconds,
            does=does(probe),
            causes=causes(probe, self.machine, chosen),
            otherwise=otherwise(
                probe,
                self.machine,
                choice.family,
                lambda probe, machine: self._predicted(self._models(), len(self.work.items), probe, machine),
            ),
            snippet=snippet_of(
                find_models()[choice.model],
                request.target if request.twin is None or choice.family != "asyncio" else request.twin,
                request.items_text,
                workers=choice.workers,
                chunk=choice.chunk,
                cores=self.machine.cores,
                setup=request.setup.reference if request.setup else None,
            ),
            seconds=time.monotonic() - self.began,
            cores=self.machine.cores,
        )


def _label(contestant: Prediction) -> str:
    chunk = "" if contestant.chunk == "1" else ", chunk auto"
    return contestant.model if contestant.family == "baseline" else f"{contestant.model} x{contestant.workers}{chunk}"
