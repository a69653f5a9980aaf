"""How far the words of the answer are those of the reference: BLEU, chrF, ROUGE, by the libraries that define them."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from llmci import seams
from llmci.adapters.scorers.extra import needs
from llmci.adapters.scorers.rule import NoMark, RuleScorer
from llmci.core.canonical import digest_of

if TYPE_CHECKING:
    from llmci.domain.case import Case
    from llmci.domain.run import Answered, MetricKind

_EXTRA = "overlap"
# Letters and digits of every script; the library's own takes only a to z.
_WORDS = re.compile(r"[^\W_]+")


class BleuOptions(seams.Options):
    """How words are told apart.

    Attributes:
        tokenize: sacrebleu's: 13a, intl, zh, ja-mecab, char, ...
    """

    tokenize: str = "13a"


class BleuScorer(RuleScorer[BleuOptions]):
    """Sentence BLEU with exponential smoothing, 0 to 1 (sacrebleu; Papineni et al. 2002, Post 2018)."""

    Options = BleuOptions
    kind: ClassVar[MetricKind] = "graded"

    def __init__(self, options: BleuOptions, context: seams.Context) -> None:
        super().__init__(options, context)
        self._bleu = needs("sacrebleu.metrics", _EXTRA, context).BLEU(effective_order=True, tokenize=options.tokenize)

    def digest(self) -> str:
        """Of the options and of the library's own signature, its version included."""
        return digest_of(super().digest(), _version("sacrebleu"))

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        if case.reference is None:
            return NoMark("the case has no reference")
        return _share(self._bleu.sentence_score(answer.text, [case.reference]).score)


class ChrfOptions(seams.Options):
    """What is compared.

    Attributes:
        words: 0 for chrF, 2 for chrF++.
    """

    words: Literal[0, 1, 2] = 0


class ChrfScorer(RuleScorer[ChrfOptions]):
    """Character n-gram F-score, 0 to 1 (sacrebleu; Popović 2015, 2017)."""

    Options = ChrfOptions
    kind: ClassVar[MetricKind] = "graded"

    def __init__(self, options: ChrfOptions, context: seams.Context) -> None:
        super().__init__(options, context)
        self._chrf = needs("sacrebleu.metrics", _EXTRA, context).CHRF(word_order=options.words)

    def digest(self) -> str:
        """Of the options and of the library's version."""
        return digest_of(super().digest(), _version("sacrebleu"))

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        if case.reference is None:
            return NoMark("the case has no reference")
        return _share(self._chrf.sentence_score(answer.text, [case.reference]).score)


class RougeOptions(seams.Options):
    """Which ROUGE.

    Attributes:
        variant: rouge1, rouge2: words or pairs of words in common. rougeL: the longest common sequence.
        stem: English words are compared by their stems.
    """

    variant: Literal["rouge1", "rouge2", "rougeL"] = "rougeL"
    stem: bool = False


class RougeScorer(RuleScorer[RougeOptions]):
    """ROUGE F-measure, 0 to 1 (rouge-score; Lin 2004), over the words of any script."""

    Options = RougeOptions
    kind: ClassVar[MetricKind] = "graded"

    def __init__(self, options: RougeOptions, context: seams.Context) -> None:
        super().__init__(options, context)
        scorer = needs("rouge_score.rouge_scorer", _EXTRA, context)
        # Stemming is for English alone, and so is the library's tokenizer that does it.
        tokenizer = None if options.stem else _Words()
        self._rouge = scorer.RougeScorer([options.variant], use_stemmer=options.stem, tokenizer=tokenizer)

    def digest(self) -> str:
        """Of the options and of the library's version."""
        return digest_of(super().digest(), _version("rouge-score"))

    def mark(self, case: Case, answer: Answered) -> float | NoMark:
        """See `RuleScorer.mark`."""
        if case.reference is None:
            return NoMark("the case has no reference")
        return float(self._rouge.score(case.reference, answer.text)[self.options.variant].fmeasure)


class _Words:
    """A tokenizer as rouge-score takes one."""

    def tokenize(self, text: str) -> list[str]:
        return _WORDS.findall(text.lower())


def _share(percent: Any) -> float:  # noqa: ANN401  a float of the library's
    return min(1.0, max(0.0, float(percent) / 100))


def _version(package: str) -> str:
    from importlib.metadata import version

    return version(package)
