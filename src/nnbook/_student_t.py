"""The p-value of a t statistic."""

import math


def two_sided_p(t: float, degrees_of_freedom: int) -> float:
    r"""Return the probability that Student's t lies at least this far from 0.

    It is the regularized incomplete beta function :math:`I_x(\nu/2, 1/2)` at
    :math:`x = \nu / (\nu + t^2)`, which keeps its digits where the probability is tiny.

    Parameters
    ----------
    t : float
        The statistic; only its size matters.
    degrees_of_freedom : int
        Positive.

    Returns
    -------
    float
        Between 0 and 1.

    References
    ----------
    NIST Digital Library of Mathematical Functions, section 8.17, equation 8.17.22.

    Examples
    --------
    >>> from nnbook._student_t import two_sided_p
    >>> round(two_sided_p(2.262157, 9), 6)
    0.05
    """
    if math.isnan(t) or math.isinf(t * t):
        return t if math.isnan(t) else 0.0
    nu = degrees_of_freedom
    a, b, x = nu / 2, 0.5, nu / (nu + t * t)
    log_front = math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)
    if x < (a + 1) / (a + b + 2):  # where the fraction converges fast
        front = math.exp(log_front + a * math.log(x) + b * math.log1p(-x))
        return front * _continued_fraction(a, b, x) / a
    y = t * t / (nu + t * t)
    if y == 0:
        return 1.0
    front = math.exp(log_front + a * math.log1p(-y) + b * math.log(y))
    return 1 - front * _continued_fraction(b, a, y) / b


def _continued_fraction(a: float, b: float, x: float) -> float:
    # Lentz's method: numerator and denominator are kept as two running ratios.
    def coefficient(step: int) -> float:
        m = step // 2
        if step % 2:
            return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))

    value, numerator, denominator = 1.0, 1.0, 0.0
    for step in range(1, 400):
        denominator = 1 / (1 + coefficient(step) * denominator)
        numerator = 1 + coefficient(step) / numerator
        value *= numerator * denominator
        if abs(numerator * denominator - 1) < 1e-16:
            break
    return 1 / value
