//! A statement as a PDF that is kept, printed and read aloud. It prints what the statement froze, and nothing else.

use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::features::accounts::ClientSession;
use crate::features::billing::statement::{self, StatementData, day_words};
use crate::features::billing::statement_pages::{age_labels, looked_at};
use crate::features::staff::StaffSession;
use crate::kernel::ids::{ChartId, StatementId};
use crate::platform::fault::Fault;
use crate::platform::i18n::Words;
use crate::platform::pdf_writer::{self, Align, Block, Column, Content, Table, Weight};
use crate::platform::state::AppState;
use crate::platform::web::PageError;

/// What a statement's PDF says, in the order in which it is read.
fn content(words: Words, data: &StatementData) -> Content {
    let title = words.with1("billing-statement-numbered", "number", &data.number);
    let fact = |key: &str, value: String| (words.get(key), value);
    let client =
        words.with2("billing-statement-client-number", "name", &data.client, "number", &data.chart_number);
    let to = if data.to.is_empty() { vec![data.payer.clone()] } else { data.to.clone() };
    let mut blocks = vec![
        data.practice.letterhead(),
        Block::Window(to),
        Block::Heading(1, title.clone()),
        Block::Facts(vec![
            fact("billing-statement-for", data.payer.clone()),
            fact("billing-statement-client", client),
            fact("billing-statement-made", day_words(words, &data.made_on)),
            fact("billing-statement-from", day_words(words, &data.since)),
        ]),
    ];
    for account in &data.accounts {
        let money = |minor| account.money(minor).to_string();
        let balance = account.balance();
        let key = match balance.minor {
            0 => "billing-owed-nothing",
            1.. => "billing-owed",
            _ => "billing-credit",
        };
        if data.accounts.len() > 1 {
            blocks.push(Block::Heading(2, account.currency.to_string()));
        }
        blocks.push(Block::Callout(balance.abs().to_string(), words.get(key)));
        blocks.push(Block::Table(table(words, account)));
        if account.credit > 0 {
            let sentence = words.with1("billing-statement-credit", "amount", money(account.credit));
            blocks.push(Block::Paragraph(Weight::Regular, sentence));
        }
        if account.insured > 0 {
            let sentence = words.with1("billing-with-insurer", "amount", money(account.insured));
            blocks.push(Block::Paragraph(Weight::Regular, sentence));
        }
        blocks.push(Block::Heading(if data.accounts.len() > 1 { 3 } else { 2 }, words.get("billing-aging")));
        let ages = age_labels(words).into_iter().zip(account.aging);
        blocks.push(Block::Facts(ages.map(|(label, minor)| (label, money(minor))).collect()));
    }
    blocks.extend(how_to_pay(words, &data.portal));
    Content { title, language: data.language.word().to_owned(), blocks }
}

/// How to pay, and whom to ask.
pub(super) fn how_to_pay(words: Words, portal: &str) -> Vec<Block> {
    let mut blocks = vec![Block::Paragraph(Weight::Regular, words.get("billing-statement-pay"))];
    if !portal.is_empty() {
        blocks
            .push(Block::Code(portal.to_owned(), words.with1("billing-statement-portal", "address", portal)));
    }
    blocks
}

fn table(words: Words, account: &statement::CurrencyAccount) -> Table {
    let money = |minor| account.money(minor).to_string();
    let column = |key: &str, share, align| Column { title: words.get(key), share, align };
    let previous = words.get("billing-statement-previous");
    let mut rows = vec![vec![String::new(), previous, String::new(), money(account.previous)]];
    rows.extend(account.lines.iter().map(|line| {
        let late = if line.is_late { words.get("billing-statement-late") } else { String::new() };
        let parts = [line.text.as_str(), late.as_str()];
        let mut text = parts.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" ");
        if !line.note.is_empty() {
            text = format!("{text}. {}", line.note);
        }
        vec![day_words(words, &line.on), text, money(line.amount), money(line.after)]
    }));
    let total = words.get("billing-statement-new");
    Table {
        columns: vec![
            column("billing-col-date", 2.2, Align::Start),
            column("billing-col-what", 4.0, Align::Start),
            column("billing-col-amount", 1.5, Align::End),
            column("billing-col-owed", 1.5, Align::End),
        ],
        rows,
        total: vec![String::new(), total, String::new(), account.balance().to_string()],
    }
}

/// Writes a PDF, each page with its number. The same content is always the same file.
fn write(number: &str, words: Words, content: &Content) -> Result<Vec<u8>, Fault> {
    let foot =
        |page: usize, pages: usize| words.with2("billing-statement-page", "page", page, "pages", pages);
    pdf_writer::write(content, foot)
        .map_err(|error| Fault::Other(format!("the PDF of {number}"), Some(error.into())))
}

/// The answer that hands a PDF out. Layout takes milliseconds of a processor, so it has a thread of its own.
pub(super) async fn answer_with(
    number: String,
    words: Words,
    content: impl FnOnce() -> Content + Send + 'static,
) -> Result<Response, Fault> {
    let name = format!("{}.pdf", number.to_ascii_lowercase());
    let written = tokio::task::spawn_blocking(move || write(&number, words, &content())).await;
    let bytes = written.map_err(|error| Fault::Ended(error.to_string()))??;
    let headers = [
        (header::CONTENT_TYPE, "application/pdf".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}\"")),
    ];
    Ok((headers, bytes).into_response())
}

/// The answer that hands a statement's PDF out.
pub async fn answer(data: StatementData) -> Result<Response, Fault> {
    let words = Words::of(data.language);
    answer_with(data.number.clone(), words, move || content(words, &data)).await
}

/// For staff.
pub(super) async fn staff_file(
    State(app): State<AppState>,
    staff: StaffSession,
    Path((chart, id)): Path<(String, String)>,
) -> Result<Response, PageError> {
    let chart: ChartId = chart.parse().map_err(|_| PageError::NotFound)?;
    let id: StatementId = id.parse().map_err(|_| PageError::NotFound)?;
    let data = app.db.read(&staff.scope, move |c| statement::read(c, chart, id)).await?;
    Ok(answer(data.ok_or(PageError::NotFound)?).await?)
}

/// For clients.
pub(super) async fn client_file(
    State(app): State<AppState>,
    client: ClientSession,
    Path(id): Path<String>,
) -> Result<Response, PageError> {
    let data = looked_at(&app, &client, &id).await?;
    Ok(answer(data).await?)
}
