//! A power law, fitted.

/// The `e` for which `y ~ x^e` fits best: the slope of the least-squares line through the logarithms. `None` of fewer
/// than two different x. All values are above 0.
pub fn exponent(points: &[(f64, f64)]) -> Option<f64> {
    let logs: Vec<(f64, f64)> = points.iter().map(|(x, y)| (x.ln(), y.ln())).collect();
    let count = logs.len() as f64;
    let (sum_x, sum_y) = logs
        .iter()
        .fold((0.0, 0.0), |(sx, sy), (x, y)| (sx + x, sy + y));
    let (mean_x, mean_y) = (sum_x / count, sum_y / count);
    let (together, alone) = logs.iter().fold((0.0, 0.0), |(xy, xx), (x, y)| {
        let (x, y) = (x - mean_x, y - mean_y);
        (xy + x * y, xx + x * x)
    });
    (alone > 0.0).then(|| together / alone)
}

#[cfg(test)]
mod tests {
    use super::exponent;

    fn of(law: impl Fn(f64) -> f64) -> f64 {
        let points: Vec<(f64, f64)> = (2..=7)
            .map(|p| 10f64.powi(p))
            .map(|x| (x, law(x)))
            .collect();
        exponent(&points).unwrap()
    }

    #[test]
    fn a_power_law_has_its_own_exponent() {
        for e in [0.5, 1.0, 1.05, 2.0] {
            assert!((of(|x| 42.0 * x.powf(e)) - e).abs() < 1e-9);
        }
    }

    #[test]
    fn a_logarithm_and_a_constant_show() {
        let logarithm = of(|x| x * x.ln());
        assert!(1.08 < logarithm && logarithm < 1.15, "{logarithm}");
        let constant = of(|x| x + 10_000.0);
        assert!(constant < 0.8, "{constant}");
    }

    #[test]
    fn it_is_the_least_squares_line() {
        // Logarithms (0, 0), (1, 2), (2, 1): means 1 and 1, so the slope is (1 + 0 + 0) / (1 + 0 + 1).
        let points =
            [(0, 0), (1, 2), (2, 1)].map(|(x, y)| (f64::exp(x as f64), f64::exp(y as f64)));
        assert!((exponent(&points).unwrap() - 0.5).abs() < 1e-9);
    }

    #[test]
    fn one_size_has_no_exponent() {
        assert_eq!(exponent(&[]), None);
        assert_eq!(exponent(&[(10.0, 3.0)]), None);
        assert_eq!(exponent(&[(10.0, 3.0), (10.0, 4.0)]), None);
    }
}
