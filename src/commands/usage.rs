//! `heroku-chat usage`: the tokens of saved conversations by day and model, and what they cost by
//! estimate.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::app::Context;
use crate::app::listing::warn_of_unreadable;
use crate::cli::UsageArgs;
use crate::cli::price::{Price, shown};
use crate::conversation::{Cost, price};
use crate::error::{Error, ExitStatus};
use crate::screen::Overflow;
use crate::store::{Sessions, Shelf, Spent};

/// Answers that are counted together.
#[derive(Debug, Default)]
struct Sum {
    answers: u64,
    prompt_tokens: u64,
    completion_tokens: u64,
    /// In US$; none if that of any answer isn't known.
    dollars: Option<f64>,
}

impl Sum {
    fn of<'a>(costs: impl Iterator<Item = &'a Cost>, own: &[Price]) -> Self {
        let nothing = Sum {
            dollars: Some(0.0),
            ..Sum::default()
        };
        costs.fold(nothing, |sum, cost| Sum {
            answers: sum.answers + 1,
            prompt_tokens: sum.prompt_tokens + cost.usage.prompt_tokens().unwrap_or_default(),
            completion_tokens: sum.completion_tokens
                + cost.usage.completion_tokens().unwrap_or_default(),
            dollars: sum
                .dollars
                .zip(cost.dollars(own))
                .map(|(one, other)| one + other),
        })
    }

    fn row(&self, day: &str, model: &str) -> [String; 6] {
        [
            day.to_owned(),
            self.answers.to_string(),
            self.prompt_tokens.to_string(),
            self.completion_tokens.to_string(),
            self.dollars.map_or_else(String::new, shown),
            model.to_owned(),
        ]
    }
}

/// Prints the sums, the newest day first.
///
/// # Errors
/// A folder that can't be read.
pub fn run(args: &UsageArgs, context: &mut Context) -> Result<ExitStatus, Error> {
    let Spent { costs, unreadable } = Sessions::in_data_folder(Shelf::Service)?.spent()?;
    let mut groups: BTreeMap<(&str, &str), Vec<&Cost>> = BTreeMap::new();
    for (day, cost) in &costs {
        groups.entry((day, &cost.model)).or_default().push(cost);
    }
    let sums = groups.into_iter().rev().map(|((day, model), costs)| {
        let sum = Sum::of(costs.into_iter(), &args.price);
        (day, model, sum)
    });
    let screen = &mut context.screen;
    if args.json {
        let object = |(day, model, sum): (&str, &str, Sum)| {
            json!({
                "day": day,
                "model": model,
                "answers": sum.answers,
                "prompt_tokens": sum.prompt_tokens,
                "completion_tokens": sum.completion_tokens,
                "estimated_dollars": sum.dollars,
            })
        };
        screen.print(&format!("{:#}", sums.map(object).collect::<Value>()))?;
    } else if costs.is_empty() {
        screen.note("no answer is saved");
    } else {
        let all = Sum::of(costs.iter().map(|(_, cost)| cost), &args.price).row("all", "");
        let rows = sums.map(|(day, model, sum)| sum.row(day, model));
        let heads = ["DAY", "ANSWERS", "IN", "OUT", "COST", "MODEL"];
        screen.table(Some(heads), rows.chain([all]), Overflow::Stack)?;
        screen.note(&price::origin(&args.price));
    }
    warn_of_unreadable(&unreadable, screen);
    Ok(ExitStatus::Done)
}
