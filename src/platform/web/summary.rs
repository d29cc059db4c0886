//! The lines of an error summary name their fields: "First day: Choose a day from the calendar." Two fields can be wrong
//! in the same way, and a summary read by itself has to say which. It stands before the fields, so their labels are
//! known only once the page is written; here it is completed, for every form alike.

const SUMMARY: &str = "class=\"error-summary\"";
const LINE: &str = "<a href=\"#f-";
/// A label longer than this is a sentence to agree to, not a name.
const LONGEST: usize = 70;

/// What stands between two texts, the first one that begins in `text`.
fn between<'a>(text: &'a str, from: &str, until: &str) -> Option<&'a str> {
    let begin = text.find(from)? + from.len();
    let end = text[begin..].find(until)?;
    Some(&text[begin..begin + end])
}

/// The words before the first tag; a legend may be a heading.
fn words_of(html: &str) -> &str {
    html.trim_start_matches("<h2>").split('<').next().unwrap_or_default().trim()
}

/// The legend of the group in which a place of the page lies.
fn legend_at(page: &str, at: usize) -> Option<&str> {
    let before = &page[..at];
    let group = before.rfind("<fieldset")?;
    if before[group..].contains("</fieldset>") {
        return None;
    }
    between(&page[group..], "<legend>", "</legend>").map(words_of).filter(|legend| !legend.is_empty())
}

/// A field's label with the legend of its group, or the legend of the group that is the field.
fn label_of<'a>(page: &'a str, field: &str) -> Option<(&'a str, Option<&'a str>)> {
    let label = format!("<label for=\"f-{field}\">");
    if let Some(at) = page.find(&label) {
        let words = words_of(&page[at + label.len()..]);
        let legend = legend_at(page, at);
        // A sentence that stands at the group is about the group, such as one about a date of three fields.
        return match legend {
            Some(group) if !page.contains(&format!("id=\"e-{field}\"")) => Some((group, None)),
            _ => (!words.is_empty()).then_some((words, legend)),
        };
    }
    let at = page.find(&format!("id=\"f-{field}\""))?;
    let tag = page[..at].rfind('<')?;
    if !page[tag..].starts_with("<fieldset") {
        return None;
    }
    let rest = &page[at..];
    let legend = rest.find("<legend>").filter(|legend| !rest[..*legend].contains("</fieldset>"))?;
    Some((words_of(&rest[legend + "<legend>".len()..]), None))
}

fn named(label: &str, sentence: &str) -> String {
    if label.chars().count() > LONGEST || sentence.starts_with(label) {
        return sentence.to_owned();
    }
    let colon = if label.ends_with(['?', '!', '.', ':']) { "" } else { ":" };
    format!("{label}{colon} {sentence}")
}

/// The page with the names; `None` where it has no summary.
pub fn name_fields(page: &str) -> Option<String> {
    let from = page.find(SUMMARY)?;
    let end = from + page[from..].find("</ul>")?;
    // Where each line's sentence begins and ends, what it says, its label, and the legend around that.
    let mut lines: Vec<(usize, usize, String, Option<&str>)> = Vec::new();
    let mut at = from;
    while let Some(next) = page[at..end].find(LINE) {
        let start = at + next + LINE.len();
        let (Some(quote), Some(close)) = (page[start..end].find('"'), page[start..end].find('>')) else {
            break;
        };
        let begin = start + close + 1;
        let Some(length) = page[begin..end].find("</a>") else { break };
        let sentence = &page[begin..begin + length];
        let (text, legend) = match label_of(&page[end..], &page[start..start + quote]) {
            Some((label, legend)) => (named(label, sentence), legend),
            None => (sentence.to_owned(), None),
        };
        lines.push((begin, begin + length, text, legend));
        at = begin + length;
    }
    let said: Vec<String> = lines.iter().map(|(_, _, text, _)| text.clone()).collect();
    let mut out = String::with_capacity(page.len() + 200);
    let mut done = 0;
    for (begin, until, text, legend) in lines {
        out.push_str(&page[done..begin]);
        // Two that read the same are told apart by the groups in which they stand.
        match legend.filter(|_| said.iter().filter(|other| **other == text).count() > 1) {
            Some(legend) => out.push_str(&named(legend, &text)),
            None => out.push_str(&text),
        }
        done = until;
    }
    out.push_str(&page[done..]);
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(lines: &[(&str, &str)], rest: &str) -> String {
        let lines: String =
            lines.iter().map(|(field, said)| format!("<li><a href=\"#f-{field}\">{said}</a></li>")).collect();
        format!("<div class=\"error-summary\"><ul>{lines}</ul></div><form>{rest}</form>")
    }

    fn said(lines: &[(&str, &str)], rest: &str) -> Vec<String> {
        let page = name_fields(&page(lines, rest)).unwrap();
        let list = between(&page, "<ul>", "</ul>").unwrap();
        list.split("<li>").skip(1).map(|line| between(line, "\">", "</a>").unwrap().to_owned()).collect()
    }

    #[test]
    fn each_line_begins_with_the_label_of_its_field() {
        let rest = "<label for=\"f-first\">First day <span class=\"field-optional\">(optional)</span></label>\
                    <label for=\"f-last\">Last day</label>\
                    <fieldset class=\"field\" id=\"f-who\" tabindex=\"-1\"><legend>Who?</legend><input></fieldset>";
        let lines = [("first", "Choose a day."), ("last", "Choose a day."), ("who", "Choose one.")];
        assert_eq!(
            said(&lines, rest),
            ["First day: Choose a day.", "Last day: Choose a day.", "Who? Choose one."]
        );
    }

    #[test]
    fn two_fields_of_one_name_are_told_apart_by_their_groups() {
        let group = |legend: &str, field: &str| {
            format!(
                "<fieldset><legend><h2>{legend}</h2></legend><label for=\"f-{field}\">Day</label>\
                 <p id=\"e-{field}\"></p></fieldset>"
            )
        };
        let rest = group("Best day", "day1") + &group("Another day", "day2");
        let lines = [("day1", "Choose a day."), ("day2", "Choose a day.")];
        assert_eq!(said(&lines, &rest), ["Best day: Day: Choose a day.", "Another day: Day: Choose a day."]);
        assert_eq!(said(&lines[..1], &rest), ["Day: Choose a day."]);
    }

    #[test]
    fn a_sentence_about_a_group_begins_with_the_legend_of_the_group() {
        let rest = "<fieldset><legend>Your date of birth</legend><p id=\"e-birth\"></p>\
                    <label for=\"f-month\">Month</label><label for=\"f-day\">Day</label></fieldset>";
        assert_eq!(said(&[("month", "Fill it in.")], rest), ["Your date of birth: Fill it in."]);
        let rest = "<div id=\"f-time\"><fieldset><legend>You have chosen</legend></fieldset></div>";
        assert_eq!(said(&[("time", "Choose fewer.")], rest), ["Choose fewer."]);
    }

    #[test]
    fn what_has_no_name_stays_as_it_is_said() {
        let long = "I have read all of this, I know what it means for me, and I sign this document now.";
        let rest = format!("<label for=\"f-agreed\">{long}</label><label for=\"f-day\">Day</label>");
        let lines = [("agreed", "Tick the box."), ("gone", "It is gone."), ("day", "Day: too late.")];
        assert_eq!(said(&lines, &rest), ["Tick the box.", "It is gone.", "Day: too late."]);
        assert_eq!(name_fields("<p>No summary</p>"), None);
    }
}
