"""A straight line: its best fit in closed form, and the gradient of its loss in three ways."""

from dataclasses import dataclass

import torch
from jaxtyping import Float
from torch import Tensor

from nnbook._arguments import checked, describe, number, refusal
from nnbook._student_t import two_sided_p
from nnbook.samples import Samples, check_dense


@dataclass(frozen=True, eq=False)
class LinearFit:
    """Hold a least-squares fit as statistics prints it; every tensor is float64.

    Parameters
    ----------
    names : tuple of str
        The intercept and then each input, in the order of `coefficients`.
    coefficients : Tensor of shape (n_in + 1,)
        The estimates, the intercept first.
    standard_errors : Tensor of shape (n_in + 1,)
        How far an estimate would typically move with other noise of the same size.
    t : Tensor of shape (n_in + 1,)
        Estimates divided by their standard errors.
    p : Tensor of shape (n_in + 1,)
        Probability of a `t` at least this far from 0 if the true coefficient were 0.
    residuals : Tensor of shape (n, 1)
        Targets less predictions, in the targets' unit.
    mse : float
        The mean of the squared residuals: divided by n, as a training loss is.
    degrees_of_freedom : int
        Rows less coefficients: what the standard errors divide by.
    """

    names: tuple[str, ...]
    coefficients: Float[Tensor, " n_coefficients"]
    standard_errors: Float[Tensor, " n_coefficients"]
    t: Float[Tensor, " n_coefficients"]
    p: Float[Tensor, " n_coefficients"]
    residuals: Float[Tensor, "n 1"]
    mse: float
    degrees_of_freedom: int

    def predict(self, inputs: Float[Tensor, "n n_in"]) -> Float[Tensor, "n 1"]:
        """Evaluate the fitted line.

        Parameters
        ----------
        inputs : Tensor of shape (n, n_in)
            In the unit of the inputs that were fitted.

        Returns
        -------
        Tensor of shape (n, 1)
            Predictions, of the type and on the device of `inputs`.

        Examples
        --------
        >>> import nnbook, torch
        >>> line = nnbook.least_squares(nnbook.load_thermometer())
        >>> line.predict(torch.tensor([[32.0]]))
        tensor([[-0.1281]])
        """
        n_in = len(self.coefficients) - 1
        rule = "be a dense floating-point tensor"
        check_dense("inputs", checked("inputs", inputs, Tensor, rule))
        if not inputs.is_floating_point():
            raise TypeError(refusal("inputs", rule, describe(inputs)))
        if inputs.ndim != 2 or inputs.shape[1] != n_in:
            raise ValueError(refusal("inputs", f"have shape (n, {n_in})", describe(inputs)))
        coefficients = self.coefficients.to(inputs.device)
        predictions = inputs.double() @ coefficients[1:, None] + coefficients[0]  # (n, 1)
        return predictions.to(inputs.dtype)

    def __str__(self) -> str:
        width = max(len(name) for name in self.names)
        head = f"{'':{width}}  {'estimate':>11}  {'std. error':>11}  {'t':>9}  {'p':>9}"
        columns = (self.coefficients, self.standard_errors, self.t, self.p)
        rows = [
            f"{name:{width}}  {estimate:11.7f}  {error:11.7f}  {t:9.3f}  {p:9.2e}"
            for name, (estimate, error, t, p) in zip(
                self.names, torch.stack(columns, dim=1).tolist(), strict=True
            )
        ]
        foot = (
            f"mean squared error {self.mse:.4f} over {len(self.residuals)} rows, "
            f"{self.degrees_of_freedom} degrees of freedom"
        )
        return "\n".join([head, *rows, foot])


def least_squares(data: Samples) -> LinearFit:
    r"""Fit the straight line with the least mean squared error, without any training.

    With a column of ones before the inputs, :math:`X`, the best coefficients solve
    :math:`\min_\beta \lVert y - X\beta\rVert^2`. They are found by the QR decomposition
    :math:`X = QR`, which leaves the triangular system :math:`R\beta = Q^\mathsf{T}y`. Forming
    :math:`X^\mathsf{T}X` instead would square the condition number. All is computed in float64.

    Parameters
    ----------
    data : Samples
        Inputs of shape (n, n_in) and targets of shape (n, 1), with n > n_in + 1.

    Returns
    -------
    LinearFit
        Coefficients with standard errors, t and p values, residuals and the mean squared error.

    Raises
    ------
    ValueError
        If the targets are not one column of numbers, if there are too few rows, or if an input
        column is a linear combination of the others and the constant.

    References
    ----------
    G. H. Golub, C. F. Van Loan: Matrix Computations, 4th edition, 2013, section 5.3.

    Examples
    --------
    >>> import nnbook, torch
    >>> print(nnbook.least_squares(nnbook.load_thermometer(dtype=torch.float64)))
                    estimate   std. error          t          p
    (intercept)  -17.3047855    1.9272273     -8.979   8.70e-06
    reading        0.5367719    0.0355386     15.104   1.06e-07
    mean squared error 2.9276 over 11 rows, 9 degrees of freedom
    """
    _check_data(data)
    inputs, targets = data.inputs.double(), data.targets.double()
    design = torch.cat([torch.ones_like(inputs[:, :1]), inputs], dim=1)  # (n, n_in + 1)
    n_rows, n_coefficients = design.shape
    if n_rows <= n_coefficients:
        raise ValueError(
            refusal(
                "data",
                f"have more rows than the {n_coefficients} coefficients",
                f"{n_rows} rows",
                "No spread is left over to estimate the standard errors from.",
            )
        )
    q, r = torch.linalg.qr(design)
    # Each diagonal entry is what is left of a column once the ones before it are taken out.
    left_over = (r.diagonal().abs() / design.norm(dim=0)).nan_to_num()  # a column of zeros: 0 / 0
    if left_over.min() < n_rows * torch.finfo(torch.float64).eps:
        column = int(left_over.argmin()) - 1
        raise ValueError(
            refusal(
                "data.inputs",
                "have linearly independent columns, none of them constant",
                f"column {column} ({data.input_names[column]!r}) that follows from the others",
                "Leave that column out.",
            )
        )
    inverse = torch.linalg.solve_triangular(r, torch.eye(n_coefficients).to(r), upper=True)
    coefficients = inverse @ (q.T @ targets)  # (n_in + 1, 1)
    residuals = targets - design @ coefficients
    squares = residuals.square().sum()
    degrees_of_freedom = n_rows - n_coefficients
    standard_errors = (squares / degrees_of_freedom).sqrt() * inverse.norm(dim=1)
    t = coefficients.squeeze(1) / standard_errors
    p_values = [two_sided_p(value, degrees_of_freedom) for value in t.tolist()]
    p = torch.tensor(p_values, dtype=t.dtype, device=t.device)
    return LinearFit(
        names=("(intercept)", *data.input_names),
        coefficients=coefficients.squeeze(1),
        standard_errors=standard_errors,
        t=t,
        p=p,
        residuals=residuals,
        mse=(squares / n_rows).item(),
        degrees_of_freedom=degrees_of_freedom,
    )


def line_loss(params: Float[Tensor, " n_params"], data: Samples) -> Float[Tensor, ""]:
    r"""Measure how far a line is from the targets: mean squared error of :math:`w\,u + b`.

    Parameters
    ----------
    params : Tensor of shape (n_in + 1,)
        The weights, then the bias.
    data : Samples
        Inputs of shape (n, n_in) and targets of shape (n, 1).

    Returns
    -------
    Tensor of shape ()
        In the targets' unit, squared.

    Examples
    --------
    >>> import nnbook, torch
    >>> nnbook.line_loss(torch.tensor([1.0, 0.0]), nnbook.load_thermometer())
    tensor(1763.8848)
    """
    _check_line(params, data)
    return _line_errors(params, data).square().mean()


def gradient_by_difference(
    params: Float[Tensor, " n_params"], data: Samples, *, delta: float = 0.1
) -> Float[Tensor, " n_params"]:
    r"""Estimate the gradient of `line_loss` by central differences.

    Each parameter is moved by `delta` to either side:
    :math:`\bigl(L(\theta_i + \delta) - L(\theta_i - \delta)\bigr) / 2\delta`. The mean squared
    error is a parabola in each parameter, so this is exact but for rounding.

    Parameters
    ----------
    params : Tensor of shape (n_in + 1,)
        The weights, then the bias.
    data : Samples
        Inputs of shape (n, n_in) and targets of shape (n, 1).
    delta : float, default=0.1
        How far a parameter is moved, positive.

    Returns
    -------
    Tensor of shape (n_in + 1,)
        Loss units per parameter unit, in the order of `params`.

    Examples
    --------
    >>> import nnbook, torch
    >>> data = nnbook.load_thermometer(dtype=torch.float64)
    >>> start = torch.tensor([1.0, 0.0], dtype=torch.float64)
    >>> nnbook.gradient_by_difference(start, data)
    tensor([4517.2964,   82.6000], dtype=torch.float64)
    """
    delta = number("delta", delta, "be positive", lambda value: value > 0)
    _check_line(params, data)
    steps = delta * torch.eye(len(params), dtype=params.dtype, device=params.device)
    differences = [
        line_loss(params + step, data) - line_loss(params - step, data) for step in steps
    ]
    return torch.stack(differences) / (2 * delta)


def gradient_by_hand(
    params: Float[Tensor, " n_params"], data: Samples
) -> Float[Tensor, " n_params"]:
    r"""Compute the gradient of `line_loss` by the chain rule, written out.

    With the errors :math:`e_i = w\,u_i + b - c_i`:
    :math:`\partial L/\partial w = \tfrac{2}{n}\sum_i e_i u_i` and
    :math:`\partial L/\partial b = \tfrac{2}{n}\sum_i e_i`.

    Parameters
    ----------
    params : Tensor of shape (n_in + 1,)
        The weights, then the bias.
    data : Samples
        Inputs of shape (n, n_in) and targets of shape (n, 1).

    Returns
    -------
    Tensor of shape (n_in + 1,)
        Loss units per parameter unit, in the order of `params`.

    Examples
    --------
    >>> import nnbook, torch
    >>> nnbook.gradient_by_hand(torch.tensor([1.0, 0.0]), nnbook.load_thermometer())
    tensor([4517.2964,   82.6000])
    """
    _check_line(params, data)
    errors = _line_errors(params, data)  # (n, 1)
    by_weight = 2 * (errors * data.inputs).mean(dim=0)  # (n_in,)
    by_bias = 2 * errors.mean(dim=0)  # (1,)
    return torch.cat([by_weight, by_bias])


def gradient_by_autograd(
    params: Float[Tensor, " n_params"], data: Samples
) -> Float[Tensor, " n_params"]:
    """Compute the gradient of `line_loss` by automatic differentiation.

    Parameters
    ----------
    params : Tensor of shape (n_in + 1,)
        The weights, then the bias; neither the tensor nor its `.grad` is changed.
    data : Samples
        Inputs of shape (n, n_in) and targets of shape (n, 1).

    Returns
    -------
    Tensor of shape (n_in + 1,)
        Loss units per parameter unit, in the order of `params`.

    Examples
    --------
    >>> import nnbook, torch
    >>> nnbook.gradient_by_autograd(torch.tensor([1.0, 0.0]), nnbook.load_thermometer())
    tensor([4517.2969,   82.6000])
    """
    _check_line(params, data)
    leaf = params.detach().clone().requires_grad_()
    with torch.enable_grad():
        (gradient,) = torch.autograd.grad(line_loss(leaf, data), leaf)
    return gradient


def _line_errors(params: Tensor, data: Samples) -> Tensor:
    predictions = data.inputs @ params[:-1, None] + params[-1]  # (n, 1)
    return predictions - data.targets


def _check_line(params: Tensor, data: Samples) -> None:
    _check_data(data)
    n_in = data.inputs.shape[1]
    check_dense("params", checked("params", params, Tensor, "be a floating-point tensor"))
    if not params.is_floating_point():
        raise TypeError(refusal("params", "be a floating-point tensor", describe(params)))
    if params.dtype != data.inputs.dtype:
        mend = "`params.to(data.inputs.dtype)` converts them."
        rule = f"have the type of `data.inputs`, {data.inputs.dtype}"
        raise TypeError(refusal("params", rule, describe(params), mend))
    if params.shape != (n_in + 1,):
        mend = "One weight for each input, then the bias."
        raise ValueError(refusal("params", f"have shape ({n_in + 1},)", describe(params), mend))
    if params.device != data.inputs.device:
        rule = f"lie on the device of `data.inputs` ({data.inputs.device})"
        raise ValueError(refusal("params", rule, str(params.device)))
    if data.targets.dtype != data.inputs.dtype:
        rule = f"have the type of `data.inputs`, {data.inputs.dtype}"
        raise TypeError(refusal("data.targets", rule, describe(data.targets)))


def _check_data(data: Samples) -> None:
    if checked("data", data, Samples, "be Samples").has_classes or data.targets.shape[1] != 1:
        raise ValueError(
            refusal("data.targets", "be one column of numbers", describe(data.targets))
        )
