// Answers test vectors of cross_entropy: a JSON line in, a JSON line out.
//
//     rustc -O -o main main.rs
//     wce-vectors run --exec ./main
//
// Needs the standard library and nothing else. Offered are float64 logits of rank 2 with labels,
// class weights and ignore_index.
use std::collections::BTreeMap;
use std::io::{self, BufRead, Write};

// --- As much of JSON as a vector has ---------------------------------------------------------

enum Json {
    Null,
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Json {
    fn find(&self, name: &str) -> Option<&Json> {
        match self {
            Json::Object(fields) => fields.get(name),
            _ => None,
        }
    }

    fn text(&self) -> &str {
        match self {
            Json::Text(text) => text,
            _ => "",
        }
    }

    fn list(&self) -> &[Json] {
        match self {
            Json::List(list) => list,
            _ => &[],
        }
    }

    fn number(&self) -> f64 {
        match self {
            Json::Number(number) => *number,
            Json::Text(text) => text.parse().unwrap_or(f64::NAN), // "inf", "-inf", "nan"
            _ => f64::NAN,
        }
    }

    fn numbers(&self) -> Vec<f64> {
        self.find("data").map_or(&[][..], Json::list).iter().map(Json::number).collect()
    }
}

struct Reader<'a> {
    text: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn skip(&mut self) {
        while self.text[self.at].is_ascii_whitespace() {
            self.at += 1;
        }
    }

    fn value(&mut self) -> Json {
        self.skip();
        match self.text[self.at] {
            b'"' => Json::Text(self.string()),
            b'[' => {
                let mut list = Vec::new();
                while self.next(b']', b'[') {
                    list.push(self.value());
                }
                Json::List(list)
            }
            b'{' => {
                let mut fields = BTreeMap::new();
                while self.next(b'}', b'{') {
                    let name = self.string();
                    self.skip();
                    self.at += 1; // the colon
                    fields.insert(name, self.value());
                }
                Json::Object(fields)
            }
            _ => self.word(),
        }
    }

    // Past an opening bracket or a comma; false, and past the closing one, at the end.
    fn next(&mut self, closing: u8, opening: u8) -> bool {
        self.skip();
        if self.text[self.at] == opening || self.text[self.at] == b',' {
            self.at += 1;
        }
        self.skip();
        let more = self.text[self.at] != closing;
        self.at += usize::from(!more);
        more
    }

    // Raw: what is escaped in an id goes back as it came.
    fn string(&mut self) -> String {
        let from = self.at + 1;
        self.at = from;
        while self.text[self.at] != b'"' {
            self.at += if self.text[self.at] == b'\\' { 2 } else { 1 };
        }
        self.at += 1;
        String::from_utf8_lossy(&self.text[from..self.at - 1]).into_owned()
    }

    fn word(&mut self) -> Json {
        let from = self.at;
        while self.at < self.text.len() && !b",]} \t\r\n".contains(&self.text[self.at]) {
            self.at += 1;
        }
        match std::str::from_utf8(&self.text[from..self.at]).unwrap_or("") {
            "true" => Json::Number(1.0),
            "false" => Json::Number(0.0),
            "null" => Json::Null,
            number => Json::Number(number.parse().unwrap_or(f64::NAN)),
        }
    }
}

fn written(x: f64) -> String {
    if x.is_nan() {
        "\"nan\"".into()
    } else if x.is_infinite() {
        (if x > 0.0 { "\"inf\"" } else { "\"-inf\"" }).into()
    } else {
        format!("{x:e}")
    }
}

fn written_list(list: &[f64]) -> String {
    format!("[{}]", list.iter().map(|x| written(*x)).collect::<Vec<_>>().join(","))
}

// --- The loss --------------------------------------------------------------------------------

// −w·log p of the label, and its gradient, without a difference that cancels.
fn item(row: &[f64], label: usize, weight: f64) -> (f64, Vec<f64>) {
    let top = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if top.is_infinite() || row.iter().any(|x| x.is_nan()) {
        return (f64::NAN, vec![f64::NAN; row.len()]);
    }
    let at = row.iter().position(|x| *x == top).unwrap();
    let powers: Vec<f64> = row.iter().map(|x| (x - top).exp()).collect();
    let but = |left_out: usize| -> f64 {
        powers.iter().enumerate().filter(|(k, _)| *k != left_out).map(|(_, e)| e).sum()
    };
    let (rest, others) = (but(at), but(label));
    let loss = top - row[label] + rest.ln_1p();
    let slope = |k: usize| weight * if k == label { -others } else { powers[k] } / (1.0 + rest);
    (if weight == 0.0 { 0.0 } else { weight * loss }, (0..row.len()).map(slope).collect())
}

fn why_not(vector: &Json) -> Option<String> {
    let rank = |name: &str| vector.find(name)?.find("shape").map(|shape| shape.list().len());
    if vector.find("loss")?.text() != "cross_entropy" || vector.find("dtype")?.text() != "float64" {
        return Some("only cross_entropy of float64".into());
    }
    if let Some(Json::Object(given)) = vector.find("arguments") {
        for (name, value) in given {
            match (name.as_str(), value) {
                ("class_weight", Json::Object(_)) | ("ignore_index", _) => {}
                ("reduction", own) if !["parts", "absolute_weighted_mean"].contains(&own.text()) => {}
                _ => return Some(format!("no {name} like this")),
            }
        }
    }
    if rank("predictions") != Some(2) || rank("targets") != Some(1) {
        return Some("only rows of logits with a label each".into());
    }
    None
}

fn weights(given: Option<&Json>, classes: usize) -> Vec<f64> {
    match given {
        None => vec![1.0; classes],
        Some(own) if own.find("data").is_some() => own.numbers(),
        Some(own) => (0..classes).map(|k| own.find(&k.to_string()).unwrap().number()).collect(),
    }
}

fn answer(vector: &Json) -> String {
    let given = vector.find("arguments").unwrap();
    let predictions = vector.find("predictions").unwrap();
    let (logits, classes) =
        (predictions.numbers(), predictions.find("shape").unwrap().list()[1].number() as usize);
    let mut by_class = weights(given.find("class_weight"), classes);
    let reduction = given.find("reduction").map_or("mean", Json::text);
    if reduction == "weighted_mean" && by_class.iter().any(|weight| *weight > 1e300) {
        // The same mean, and their sum does not overflow.
        by_class.iter_mut().for_each(|weight| *weight *= 2f64.powi(-64));
    }
    let ignored = given.find("ignore_index").map(Json::number);
    let (mut losses, mut omegas, mut gradient, mut kept) = (vec![], vec![], vec![], 0.0);
    let labels = vector.find("targets").unwrap().numbers();
    for (number, label) in labels.iter().enumerate() {
        let (mut loss, mut omega, mut slopes) = (0.0, 0.0, vec![0.0; classes]);
        if ignored != Some(*label) {
            omega = by_class[*label as usize];
            let row = &logits[number * classes..(number + 1) * classes];
            (loss, slopes) = item(row, *label as usize, omega);
            kept += 1.0;
        }
        losses.push(loss);
        omegas.push(omega);
        gradient.extend(slopes);
    }
    let under = match reduction {
        "none" | "sum" => 1.0,
        "mean" => kept,
        "weighted_mean" => omegas.iter().sum(),
        "nonzero_mean" => omegas.iter().filter(|omega| **omega != 0.0).count() as f64,
        _ => losses.len() as f64, // mean_over_all, batch_mean
    };
    let divided = |x: f64| if under == 0.0 { 0.0 } else { x / under };
    let gradient: Vec<f64> = gradient.into_iter().map(divided).collect();
    let value = match reduction {
        "none" => written_list(&losses),
        _ => written(divided(losses.iter().sum())),
    };
    format!("\"value\":{value},\"gradient\":{}", written_list(&gradient))
}

fn main() {
    let mut out = io::stdout();
    for line in io::stdin().lock().lines() {
        let line = line.expect("UTF-8 lines");
        let vector = Reader { text: line.as_bytes(), at: 0 }.value();
        let rest = match why_not(&vector) {
            Some(reason) => format!("\"not_offered\":\"{reason}\""),
            None => answer(&vector),
        };
        writeln!(out, "{{\"id\":\"{}\",{rest}}}", vector.find("id").unwrap().text()).unwrap();
        out.flush().unwrap();
    }
}
