"""Two runs, stored or made of result files, to a verdict."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from llmci import registry
from llmci.core.gating.ask import Comparison, compare
from llmci.core.gating.comparable import obstacles
from llmci.core.gating.origin import origin
from llmci.core.gating.plan import Price, Sight, prices, sights
from llmci.core.gating.reading import Reading, ResultFile, pairing, settled
from llmci.core.gating.results import answers_of, runs_of
from llmci.core.gating.selftest import SelfTest
from llmci.core.gating.selftest import self_test as exchange
from llmci.core.gating.smallest import restricted, smallest
from llmci.core.wording import count
from llmci.domain.run import SCORES_ONLY
from llmci.domain.settings import BenchSettings
from llmci.domain.verdict import Finding, Outcome
from llmci.errors import NoDecisionError, UsageError
from llmci.pipeline.gate import UNSAID, gate
from llmci.wiring.calibrations import judges_of, require_calibrated
from llmci.wiring.drift_seen import on_drift
from llmci.wiring.runs import CANDIDATES

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from llmci.config import Config
    from llmci.core.gating.traits import Said
    from llmci.domain.case import Case
    from llmci.domain.evalset import EvalSet
    from llmci.domain.run import Run
    from llmci.domain.verdict import GateResult, Rule
    from llmci.seams import Results

# Beyond it the search for the fewest failing cases takes longer than the verdict is worth; `llmci repro` does it.
_MOST_SEARCHED = 20_000


@dataclass(frozen=True, slots=True)
class Contest:
    """Two runs on the same cases, and the rules that decide between them.

    Attributes:
        notes: What else to know of the comparison.
        config: Of stored runs; None for result files.
        said: Answers that result files hold, by case id; stored runs hold their own.
        max_days: Days that may lie between the two measurements.
    """

    baseline: Run
    candidate: Run
    cases: Sequence[Case]
    rules: tuple[Rule, ...]
    max_lost: float
    notes: tuple[str, ...] = ()
    config: Config | None = None
    said: tuple[Mapping[str, Said], Mapping[str, Said]] | None = None
    max_days: float = 14.0

    def decide(self) -> GateResult:
        """The verdict, with the fewest cases that show it and notes on the comparison.

        Raises:
            UsageError: A primary gate rests on a judge that is not calibrated.
        """
        if self.config is not None:
            require_calibrated(self.config, self.rules, judges_of(self.candidate))
        result = self.verdict()
        if result.outcome is Outcome.REGRESSED and len(self.cases) <= _MOST_SEARCHED:
            enough = smallest(result, self.cases, self.outcome_of, exact=False)
            result = replace(result, findings=(*result.findings, *_smallest(enough)))
        return replace(result, notes=(*result.notes, *self.notes))

    def outcome_of(self, case_ids: Sequence[str]) -> GateResult:
        """What the gates say of some of the cases."""
        before, after = (restricted(run, case_ids) for run in (self.baseline, self.candidate))
        return replace(self, baseline=before, candidate=after, said=UNSAID).verdict()

    def verdict(self) -> GateResult:
        """What the gates say."""
        return gate(
            self.baseline,
            self.candidate,
            self.cases,
            self.rules,
            max_infrastructure_failures=self.max_lost,
            max_days_apart=self.max_days,
            said=self.said,
        )

    def plan(self) -> list[Sight]:
        """What each gate can see on these cases.

        Raises:
            NoDecisionError: The runs must not be compared.
        """
        return sights(self._comparison().questions())

    def prices(self) -> list[Price]:
        """What other tolerances would take; raises as `plan` does."""
        run = self.candidate
        spent = None if run.cost is None or run.judge_cost is None else run.cost + run.judge_cost
        per_call = None if spent is None or not run.answers else spent / len(run.answers)
        return prices(self._comparison().questions(), repeats=run.repeats, cost_per_call=per_call)

    def self_test(self, *, draws: int, seed: int) -> SelfTest:
        """How often these gates cry wolf on these cases; raises as `plan` does."""
        return exchange(self._comparison(), draws=draws, seed=seed)

    def _comparison(self) -> Comparison:
        if stops := obstacles(self.baseline, self.candidate, self.cases, self.max_days):
            raise NoDecisionError(f"{stops[0]}.", fix="Name two runs of the same set.")
        # What earlier runs scored says how hard the cases are, not what so many of them can see by themselves.
        baseline = replace(self.baseline, covariates=())
        compared = compare(baseline, self.candidate, self.cases, self.rules, self.max_lost)
        if not compared.questions():
            raise NoDecisionError("no gate has anything to weigh.", fix="See what `llmci gate` says of these runs.")
        return compared


def _smallest(case_ids: Sequence[str]) -> tuple[Finding, ...]:
    if not case_ids:
        return ()
    text = f"the {count(len(case_ids), 'case')} that lost most are enough to show it, such as {', '.join(case_ids[:3])}"
    return (Finding(kind="smallest set", text=text, cases=tuple(case_ids)),)


def gate_runs(config: Config, baseline: Run, candidate: Run, evalset: EvalSet | None = None) -> GateResult:
    """Gate two runs by the rules of the configuration, on the set that the baseline ran on.

    Args:
        evalset: That set, where it is at hand; it is loaded otherwise.

    Raises:
        UsageError: There is no gate in the configuration, or the set is not there.
    """
    return contest_of(config, baseline, candidate, evalset).decide()


def contest(
    baseline: str,
    candidate: str,
    *,
    config: Callable[[], Config],
    reading: Reading,
    rules: Callable[[Reading], Sequence[Rule]],
    by_flags: bool,
    form: str | None = None,
) -> Contest:
    """Find what two names stand for: result files, run directories, or ids of stored runs.

    Args:
        baseline: A path or an id.
        candidate: The same; files go with files and runs with runs.
        config: Opens the configuration, which only runs need.
        reading: How result files are read.
        rules: Rules of the command line, for the columns that are read: they decide on result files.
        by_flags: Whether the user gave any, so that they decide on runs, too, instead of the configuration's.
        form: Adapter that reads both files; by default the one that knows a file by suffix and content.

    Raises:
        UsageError: There is no such file or run, or it cannot be read.
    """
    files = [Path(name) for name in (baseline, candidate)]
    # A name with a suffix is a file's, whether it is there or not: no run has one.
    if not any(file.is_file() or file.suffix.lower() in _suffixes() for file in files):
        settings = config()
        found = contest_of(settings, _stored(baseline, settings), _stored(candidate, settings))
        return replace(found, rules=tuple(rules(reading))) if by_flags else found
    first, second = (_results(file, form) for file in files)
    reading = settled(reading, first, second)
    before, after, cases = runs_of(first, second, reading)
    max_lost = BenchSettings().max_infrastructure_failures
    notes, said = pairing(first, second, reading), (answers_of(first, reading), answers_of(second, reading))
    return Contest(before, after, cases, tuple(rules(reading)), max_lost, notes, said=said)


def contest_of(config: Config, baseline: Run, candidate: Run, evalset: EvalSet | None = None) -> Contest:
    """Two stored runs with the rules of the configuration; raises as `gate_runs` does."""
    from llmci.wiring.evalset_store import store

    evalset = evalset or store(config).load(baseline.evalset_name, baseline.evalset_version)
    max_lost = config.bench.max_infrastructure_failures
    rules, notes = shared_rules(config.gates, int(candidate.environment.get(CANDIDATES, "1")))
    notes = (*notes, *on_drift(config, evalset, run_at=candidate.finished_at))
    return Contest(
        baseline,
        candidate,
        evalset.cases,
        rules,
        max_lost,
        (*origin(baseline, candidate), *notes),
        config=config,
        # What changed about the answers cannot be told where only scores were kept.
        said=UNSAID if SCORES_ONLY in baseline.environment else None,
        max_days=config.bench.max_days_apart,
    )


def shared_rules(rules: tuple[Rule, ...], candidates: int) -> tuple[tuple[Rule, ...], tuple[str, ...]]:
    """The rules at an equal share of their error rate (Bonferroni), so that many candidates err no oftener than one.

    Returns:
        The rules, and a note on it where there are several candidates.
    """
    if candidates == 1:
        return rules, ()
    note = f"one of {candidates} candidates of its bench: they share the error rate of every gate"
    return tuple(replace(rule, alpha=rule.alpha / candidates) for rule in rules), (note,)


def _stored(name: str, config: Config) -> Run:
    from llmci.adapters.stores.runs import DirectoryRuns

    folder = Path(name)
    if folder.is_dir():
        return DirectoryRuns(folder.resolve().parent).load(folder.resolve().name)
    return DirectoryRuns(config.state / "runs").load(name)


def _results(path: Path, form: str | None) -> ResultFile:
    try:
        reader: Results = registry.adapter("results", form)() if form else _reader(path)
        rows = list(reader.rows(path))
    except FileNotFoundError:
        raise UsageError(f"{path}: there is no such file.", fix="Name two result files, or two runs.") from None
    except OSError as error:
        raise UsageError(f"{path}: cannot be read: {error.strerror}.", fix="Name a file that can be read.") from None
    if not rows:
        raise UsageError(f"{path}: there is no result in it.", fix="Run the evaluation again; nothing is not a pass.")
    return ResultFile(str(path), rows)


def _reader(path: Path) -> Results:
    """The format that knows the file by its content; any row a line only where no runner does."""
    readers: dict[str, Results] = {name: registry.adapter("results", name)() for name in registry.names("results")}
    fitting = {name: reader for name, reader in readers.items() if path.suffix.lower() in reader.suffixes}
    for reader in sorted(fitting.values(), key=lambda reader: reader.table):
        if reader.recognizes(path):
            return reader
    if fitting:
        raise UsageError(
            f"{path}: not a result file of {', '.join(fitting)}.",
            fix="Name its format with --format, or write one result a line to a .jsonl file.",
        )
    raise UsageError(
        f"{path}: results in a file called *{path.suffix} are not known.", fix=f"Use one of: {', '.join(_suffixes())}."
    )


def _suffixes() -> tuple[str, ...]:
    """Of the files that some format may be in."""
    formats = (registry.adapter("results", name) for name in registry.names("results"))
    return tuple(dict.fromkeys(suffix for reader in formats for suffix in reader.suffixes))
