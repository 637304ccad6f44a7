from losses import cross_entropy


def answer(vector):
    if vector.loss != "cross_entropy":
        raise NotImplementedError(f"no {vector.loss}")  # pytest lists it as skipped
    return cross_entropy(**vector.arrays, **vector.options)


def test_vectors(wce_check):
    wce_check(answer)
