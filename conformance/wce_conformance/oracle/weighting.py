"""Item losses: every weighting mode of an item, multiplied together."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from wce_conformance.oracle.autodiff import Var, power, total
from wce_conformance.oracle.checks import check_choice
from wce_conformance.oracle.grid import Grid
from wce_conformance.oracle.mass import Smoothing, shares, smoothed, under
from wce_conformance.oracle.real import INF, ONE, Real, mp
from wce_conformance.oracle.terms import SURPRISE, Term

SoftWeighting: TypeAlias = Literal["per_class", "mixture", "geometric", "hard"]


@dataclass(frozen=True)
class Rules:
    """What the call says about mass and weights.

    `label_smoothing` ε, how it is spread, and what class weights mean for soft targets.
    """

    label_smoothing: float
    smoothing: Smoothing
    soft_weighting: SoftWeighting

    def __post_init__(self) -> None:
        if not 0 <= self.label_smoothing <= 1:
            raise ValueError(f"label_smoothing: {self.label_smoothing} is not in [0, 1]")
        check_choice("smoothing", self.smoothing, ("uniform", "others"))
        check_choice("soft_weighting", self.soft_weighting, ("per_class", *FACTORS))


@dataclass(frozen=True)
class Weighing:
    """What an item meets.

    Per class the surprise −log p_k, the class weight w_k and, if there is a cost matrix,
    A[k, predicted class]; its sample weight; the term that makes a penalty of each surprise; what
    each unit of its mass pays beside; and how much mass there is in all where no target changes it.
    """

    surprises: Sequence[Var]
    class_weights: Sequence[Var]
    costs: Sequence[Var] | None
    sample_weight: Var
    terms: Sequence[Term]
    beside: Var | None = None
    constant: Var | None = None

    def whole(self, mass: Sequence[Var]) -> Var:
        """The mass of all classes. A constant has no slope: 1 − y and y are ∞ − ∞ otherwise."""
        return total(mass) if self.constant is None else self.constant

    def costs_of(self, mass: Sequence[Var]) -> list[Var]:
        """What each class costs of this mass; of none where p is 0, no penalty and no slope."""
        each = zip(mass, self.terms, self.surprises, strict=True)
        return [self._cost_of(*one) for one in each]

    def _cost_of(self, q: Var, term: Term, surprise: Var) -> Var:
        if surprise.value == INF and q.value == 0:
            return Var(0) if self.beside is None else under(q, self.beside)
        penalty = term.penalty(surprise)
        return under(q, penalty if self.beside is None else penalty + self.beside)

    def steepest(self, mass: Sequence[Var]) -> Real:
        """The largest steepness of the classes with mass."""
        met = zip(self.terms, self.surprises, mass, strict=True)
        found = [t.steepness(s.value) for t, s, q in met if q.value != 0 and not mp.isnan(s.value)]
        return max(found, default=mp.one)

    def rounding(self, mass: Sequence[Var], rules: Rules) -> tuple[Real, Real, Real]:
        """Slope and steepness of an item, means of those of its classes, and the largest bend.

        The slope by what multiplies each penalty, steepness by the penalties. What a likely class
        multiplies hardly reaches the gradient: no mean of bends tells how far that is off.
        """
        if all(term is SURPRISE for term in self.terms) or total(mass).value == 0:
            return ONE, ONE, ONE
        met = []
        smooth = smoothed(mass, self.whole(mass), rules.label_smoothing, rules.smoothing)
        for term, s, q, w in zip(
            self.terms, self.surprises, smooth, self.class_weights, strict=True
        ):
            amount = abs(q.value * (w.value if rules.soft_weighting == "per_class" else 1))
            if amount > 0 and mp.isfinite(amount) and not mp.isnan(s.value):
                met.append((term, s.value, amount))
        amounts = [amount for *_, amount in met]
        slopes = [term.slope(s) for term, s, _ in met]
        sizes = [q * abs(term.penalty(Var(s)).value) for term, s, q in met]
        steepness = _mean(sizes, [term.steepness(s) for term, s, _ in met])
        bend = max((term.bend(s) for term, s, _ in met), default=ONE)
        return _mean(amounts, slopes), steepness, bend


def _mean(weights: Sequence[Real], numbers: Sequence[Real]) -> Real:
    """Of those whose weights are finite; 1 of none."""
    known = [(w, n) for w, n in zip(weights, numbers, strict=True) if mp.isfinite(w)]
    whole = sum((w for w, _ in known), mp.zero)
    return sum((w * n for w, n in known), mp.zero) / whole if whole else ONE


def weighted(item: Weighing, mass: Sequence[Var], rules: Rules) -> tuple[Var, Var]:
    """The item loss ℓ and the effective weight ω of an item with this mass.

    s is the sample weight, times Σ_k r_k·A[k, predicted] of a cost matrix; q the smoothed mass
    and f the penalty of a class, which for cross-entropy is −log p_k. "per_class":
    ℓ = s·Σ_k w_k q_k·f_k, ω = s·Σ_k w_k q_k. The other rules make one factor F of the class
    weights: ℓ = s·F·Σ_k q_k·f_k, ω = s·F·M.
    """
    whole = item.whole(mass)
    if whole.value == 0:
        return _massless(item, mass, rules)
    r = shares(mass, whole)
    s = item.sample_weight if item.costs is None else item.sample_weight * _dot(r, item.costs)
    q = smoothed(mass, whole, rules.label_smoothing, rules.smoothing)
    terms = item.costs_of(q)
    if rules.soft_weighting == "per_class":
        return s * _dot(item.class_weights, terms), s * _dot(item.class_weights, q)
    factor = FACTORS[rules.soft_weighting](item.class_weights, r)
    return s * factor * total(terms), s * factor * whole


def balanced(masses: Sequence[Sequence[Var]], classes: int) -> Grid[Var]:
    """The weights n/(K·n_k) of items with these masses, constants; 0 for a class without mass.

    n_k is the mass of class k in all, n that of all classes, K the number of classes with some.
    An item whose mass is not known does not count.
    """
    known = [mass for mass in masses if not any(mp.isnan(q.value) for q in mass)]
    counts = [sum((mass[k].value for mass in known), mp.zero) for k in range(classes)]
    occurring = sum(count > 0 for count in counts)
    weights = [sum(counts) / (occurring * count) if count > 0 else 0 for count in counts]
    return Grid((classes,), tuple(map(Var, weights)))


def _massless(item: Weighing, mass: Sequence[Var], rules: Rules) -> tuple[Var, Var]:
    """Without mass, ℓ = ω = 0. Towards class k they grow as those of an item of class k."""
    losses, omegas = [], []
    for k, q in enumerate(mass):
        unit = [Var(int(j == k)) for j in range(len(mass))]
        loss, omega = weighted(item, unit, rules)
        losses.append(under(q, loss))
        omegas.append(q * omega)
    return total(losses), total(omegas)


def _mixture(weights: Sequence[Var], r: Sequence[Var]) -> Var:
    """Σ_k w_k r_k."""
    return _dot(weights, r)


def _geometric(weights: Sequence[Var], r: Sequence[Var]) -> Var:
    """Π_k w_k^{r_k}, 0⁰ = 1."""
    product = Var(1)
    for weight, share in zip(weights, r, strict=True):
        product = product * power(weight, share)
    return product


def _hard(weights: Sequence[Var], r: Sequence[Var]) -> Var:
    """The weight of the class with the largest share, of equal ones the lowest."""
    return weights[lowest_argmax(r)]


def lowest_argmax(values: Sequence[Var]) -> int:
    """Where the largest value stands, of equal ones the lowest place."""
    return max(range(len(values)), key=lambda k: (values[k].value, -k))


def _dot(left: Sequence[Var], right: Sequence[Var]) -> Var:
    return total(a * b for a, b in zip(left, right, strict=True))


FACTORS: Mapping[str, Callable[[Sequence[Var], Sequence[Var]], Var]] = {
    "mixture": _mixture,
    "geometric": _geometric,
    "hard": _hard,
}
