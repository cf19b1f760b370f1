"""The sentences of a decision, for a manager to repeat in a meeting, in English and Japanese.

No term of statistics or of machine learning: scores out of 100 where 50 is equally good, the
range in which the true score very likely lies, and what follows from it.
"""

# ruff: noqa: RUF001 - Japanese is written with full-width brackets

from __future__ import annotations

_EN = {
    "go": "The new model can be released.",
    "no-go": "The new model should not be released.",
    "unclear": "The test does not yet show whether the new model should be released.",
    "scale": "Its answers were compared one by one with those of the model tuned in English"
    " only; 50 points out of 100 mean equally good.",
    "seen": "In the languages that examples were added for ({names}), it scored {value} points"
    " (the true score very likely lies between {low} and {high})",
    "unseen": "In the languages that no examples were added for ({names}), it scored {value}"
    " points ({low} to {high})",
    "english": "In English it scored {value} points ({low} to {high})",
    "seen_helped": ", so its answers have become better.",
    "seen_harmed": ", so its answers have become worse.",
    "seen_unclear": ", so neither an improvement nor a loss has been shown.",
    "unseen_helped": ", so its answers have become better there.",
    "unseen_harmed": ", so its answers have become worse there.",
    "unseen_unclear": ", so neither an improvement nor a loss has been shown there.",
    "english_kept": "; this range stays above {limit}, the lowest score that was agreed"
    " beforehand, so English has been kept.",
    "english_lost": "; this range lies below {limit}, the lowest score that was agreed"
    " beforehand, so English has suffered.",
    "english_unclear": "; this range does not stay above {limit}, the lowest score that was agreed"
    " beforehand, so it is not certain that English has been kept.",
    "seen_unknown": "The languages that examples were added for ({names}) could not be scored.",
    "unseen_unknown": "The languages that no examples were added for ({names}) could not be"
    " scored.",
    "english_unknown": "English could not be scored.",
    "few_prompts": "Few questions were asked (only {n} in the smallest group), so take these"
    " figures as a first impression.",
    "seeds": "The whole comparison was repeated {n} times with other draws of the examples; the"
    " ranges take in how far the repetitions differ.",
    "few_seeds": "The whole comparison was done only {n} times with other draws of the examples;"
    " that tells little of how far a further repetition would differ, so the ranges are wide.",
    "benchmarks": "Public benchmarks, secondary: they decide nothing.",
    "unapproved": "Warning: this model was tuned with the approval switched off"
    " (--train-on-unapproved-examples); nobody approved {n} of the examples in other languages."
    " Have them approved and repeat the test before it is released.",
    "more": "A test with more questions would narrow the ranges.",
    "more_seeds": "More repetitions, and more questions, would narrow the ranges.",
    "plan_kept": "The test was done as planned on {made}.",
    "plan_deviates": "The test deviates from the plan of {made} in: {keys}.",
    "plan_late": "That plan was written when answers were there already.",
    "plan_replaced": "It replaced an earlier plan.",
    "plan_unguarded": "Its dates and assumptions are not guarded against changes, as in plans of"
    " earlier versions.",
    "comma": ", ",
    "space": " ",
}
_JA = {
    "go": "新しいモデルは公開して差し支えありません。",
    "no-go": "新しいモデルの公開は見送ることをお勧めします。",
    "unclear": "新しいモデルを公開してよいかどうかは、今回のテストだけではまだ判断できません。",
    "scale": "評価は、英語だけで調整したモデルの回答と一件ずつ比べたもので、"
    "100点満点のうち50点が互角を表します。",
    "seen": "学習した言語（{names}）では{value}点"
    "（真の値は{low}点から{high}点の間にあると見込まれます）となり、",
    "unseen": "学習していない言語（{names}）では{value}点（{low}点から{high}点）となり、",
    "english": "英語は{value}点（{low}点から{high}点）で、",
    "seen_helped": "回答は良くなったと言えます。",
    "seen_harmed": "回答は悪くなったと言えます。",
    "seen_unclear": "良くなったとも悪くなったとも言い切れません。",
    "unseen_helped": "こちらは良くなったと言えます。",
    "unseen_harmed": "こちらは悪くなったと言えます。",
    "unseen_unclear": "こちらは良くなったとも悪くなったとも言い切れません。",
    "english_kept": "この範囲は事前に決めた下限の{limit}点を上回っているため、"
    "英語の品質は保たれています。",
    "english_lost": "この範囲は事前に決めた下限の{limit}点を下回っているため、"
    "英語の品質は下がったと判断されます。",
    "english_unclear": "この範囲全体が事前に決めた下限の{limit}点を上回ってはいないため、"
    "英語の品質が保たれたとは言い切れません。",
    "seen_unknown": "学習した言語（{names}）は評価できませんでした。",
    "unseen_unknown": "学習していない言語（{names}）は評価できませんでした。",
    "english_unknown": "英語は評価できませんでした。",
    "few_prompts": "質問の数が少ない（最も少ないグループで{n}問）ため、"
    "これらの数字は参考程度にお考えください。",
    "seeds": "比較は、例を引き直して{n}回行いました。範囲には、回ごとの違いも含まれています。",
    "few_seeds": "比較は、例を引き直して{n}回しか行っていません。"
    "もう一度行ったときにどれだけ変わるかはほとんど分からないため、範囲は広くなっています。",
    "benchmarks": "公開ベンチマーク（参考値です。判断には使いません）",
    "unapproved": "注意：このモデルは、承認の確認を外して調整されています"
    "（--train-on-unapproved-examples）。ほかの言語の例のうち{n}件は、誰の承認も受けていません。"
    "公開する前に承認を受け、もう一度テストしてください。",
    "more": "質問を増やしてもう一度テストすれば、よりはっきりした結果が得られます。",
    "more_seeds": "比較の回数や質問を増やせば、よりはっきりした結果が得られます。",
    "plan_kept": "テストは{made}に決めた計画どおりに行われました。",
    "plan_deviates": "テストは{made}に決めた計画と次の点で異なります：{keys}。",
    "plan_late": "この計画は、回答がそろった後に書かれたものです。",
    "plan_replaced": "この計画は、以前の計画に代えて作られたものです。",
    "plan_unguarded": "以前の版で作られた計画のため、日付と前提条件は改変から守られていません。",
    "comma": "、",
    "space": "",
}
WORDS = {"en": _EN, "ja": _JA}
"""Sentences by locale: by verdict, by group with its outcome, and cautions."""
