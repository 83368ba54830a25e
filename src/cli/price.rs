//! The price of a model, as typed: `claude-4-5-haiku=1/5`; and amounts of US$, typed and shown.

use std::fmt;

/// What a model costs, in US$ for a million tokens.
#[derive(Clone, Debug, PartialEq)]
pub struct Price {
    pub model: String,
    /// Tokens of the request.
    pub input: f64,
    /// Tokens of the answer, those of hidden thinking included.
    pub output: f64,
}

/// Reads a price.
///
/// # Errors
/// Says what is taken instead.
pub fn price(text: &str) -> Result<Price, String> {
    let read = || {
        let (model, prices) = text.rsplit_once('=')?;
        let (input, output) = prices.split_once('/')?;
        let (input, output) = (dollars(input).ok()?, dollars(output).ok()?);
        let model = Some(model.trim()).filter(|model| !model.is_empty())?;
        Some(Price {
            model: model.to_owned(),
            input,
            output,
        })
    };
    read().ok_or_else(|| "MODEL=IN/OUT, in US$ for a million tokens".to_owned())
}

/// Reads an amount of US$.
///
/// # Errors
/// Says what is taken instead.
pub fn dollars(text: &str) -> Result<f64, String> {
    match text.trim().trim_start_matches('$').parse::<f64>() {
        Ok(number) if number.is_finite() && number >= 0.0 => Ok(number),
        _ => Err("an amount of US$, such as 0.50".to_owned()),
    }
}

/// An estimate in words, such as `≈ $0.0012`.
pub fn shown(dollars: f64) -> String {
    match dollars {
        0.0 => "≈ $0".to_owned(),
        ..0.0001 => "≈ <$0.0001".to_owned(),
        ..1.0 => format!("≈ ${dollars:.4}"),
        _ => format!("≈ ${dollars:.2}"),
    }
}

/// As it is typed.
impl fmt::Display for Price {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}/{}", self.model, self.input, self.output)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_price_is_read_as_it_is_typed() {
        let read = |text| price(text).map(|price| price.to_string());
        assert_eq!(read("m=1/5").as_deref(), Ok("m=1/5"));
        assert_eq!(read("a=b=$0.30/ 2.5 ").as_deref(), Ok("a=b=0.3/2.5"));
        for text in [
            "", "m", "m=", "m=1", "=1/2", "m=1/x", "m=-1/2", "m=inf/2", "m=NaN/2",
        ] {
            assert!(read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn amounts_keep_what_matters() {
        let all = [0.0, 0.00001, 0.00123, 0.5, 12.348].map(shown);
        let words = ["≈ $0", "≈ <$0.0001", "≈ $0.0012", "≈ $0.5000", "≈ $12.35"];
        assert_eq!(all, words);
    }
}
