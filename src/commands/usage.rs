//! `heroku-chat usage`: the tokens of saved conversations by day and model, and what they cost by
//! estimate.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use crate::app::Context;
use crate::app::listing::warn_of_unreadable;
use crate::cli::UsageArgs;
use crate::conversation::Cost;
use crate::conversation::price::{self, Sum};
use crate::error::{Error, ExitStatus};
use crate::screen::Overflow;
use crate::store::{Sessions, Shelf, Spent};

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
    let sums = groups
        .into_iter()
        .rev()
        .map(|((day, model), costs)| (day, model, Sum::of(costs, &args.price)));
    let screen = &mut context.screen;
    if args.json {
        let object = |(day, model, sum): (&str, &str, Sum)| {
            json!({
                "day": day,
                "model": model,
                "answers": sum.answers,
                "prompt_tokens": sum.input,
                "completion_tokens": sum.output,
                "estimated_dollars": sum.dollars,
            })
        };
        screen.print(&format!("{:#}", sums.map(object).collect::<Value>()))?;
    } else if costs.is_empty() {
        screen.note("no answer is saved");
    } else {
        let row = |(day, model, sum): (&str, &str, Sum)| {
            let counts = [sum.answers, sum.input, sum.output].map(|it| it.to_string());
            let [answers, input, output] = counts;
            let (day, model) = (day.to_owned(), model.to_owned());
            [day, answers, input, output, sum.shown(), model]
        };
        let all = Sum::of(costs.iter().map(|(_, cost)| cost), &args.price);
        let all = row(("all", "", all));
        let rows = sums.map(row);
        let heads = ["DAY", "ANSWERS", "IN", "OUT", "COST", "MODEL"];
        screen.table(Some(heads), rows.chain([all]), Overflow::Stack)?;
        screen.note(&price::origin(&args.price));
    }
    warn_of_unreadable(&unreadable, screen);
    Ok(ExitStatus::Done)
}
