"""Thirteen measurements of 178 wines from three cultivars."""

import torch

from nnbook.samples import Samples


def load_wine() -> Samples:
    """Load the UCI wine recognition data: measurements, and the cultivar that a wine is made of.

    All wines come from the same region in Italy. The copy that scikit-learn ships is read, so no
    network is needed. The original description names the measurements but few of their units;
    `input_units` is empty where the unit is not known.

    Returns
    -------
    Samples
        `inputs` of shape (178, 13), float32; `targets` of shape (178,), int64: the cultivar's
        number, 0, 1 or 2.

    Raises
    ------
    ImportError
        If scikit-learn is not installed: ``pip install "nnbook[wine]"``.

    References
    ----------
    S. Aeberhard, M. Forina: Wine. UCI Machine Learning Repository, 1992, CC BY 4.0,
    https://doi.org/10.24432/C5PC7J.

    Examples
    --------
    >>> import nnbook
    >>> wine = nnbook.load_wine()
    >>> wine.inputs.shape, wine.n_classes
    (torch.Size([178, 13]), 3)
    >>> wine.targets.bincount().tolist()
    [59, 71, 48]
    """
    try:
        from sklearn import datasets  # noqa: PLC0415  # only this function needs it
    except ImportError as error:
        message = 'load_wine reads scikit-learn\'s copy of the data: pip install "nnbook[wine]"'
        raise ImportError(message) from error
    bunch = datasets.load_wine()
    names = [name.replace("_", " ") for name in bunch.feature_names]
    return Samples(
        torch.tensor(bunch.data, dtype=torch.float32),
        torch.tensor(bunch.target, dtype=torch.int64),
        input_names=[name.replace("od280/od315 of diluted wines", "OD280/OD315") for name in names],
        target_names=["cultivar 0", "cultivar 1", "cultivar 2"],
        input_units=["% vol" if name == "alcohol" else "" for name in names],
        source="UCI Machine Learning Repository: Wine (1992), as in scikit-learn",
    )
