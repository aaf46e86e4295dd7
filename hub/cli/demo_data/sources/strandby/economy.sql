-- Strandby's made-up economy system, and the view that the department made for Torg.
-- Days in braces are counted from the day on which the demo is filled.
-- By their numbers these people were born before 1861, long before there were any: nobody has them.

CREATE TABLE debitor (
  debitornr TEXT PRIMARY KEY,
  cpr TEXT NOT NULL,
  navn TEXT NOT NULL
);
CREATE TABLE regning (
  regningsnr TEXT PRIMARY KEY,
  debitornr TEXT NOT NULL REFERENCES debitor,
  vedr TEXT NOT NULL,
  afdeling TEXT NOT NULL,
  dato TEXT NOT NULL,
  forfald TEXT NOT NULL,
  belob NUMERIC NOT NULL,
  moms NUMERIC NOT NULL DEFAULT 0,
  fik TEXT NOT NULL,
  rykkere INTEGER NOT NULL DEFAULT 0,
  rykkerdato TEXT,
  henstand_til TEXT
);
CREATE TABLE indbetaling (
  regningsnr TEXT NOT NULL REFERENCES regning,
  betalt_den TEXT NOT NULL,
  sum NUMERIC NOT NULL
);

INSERT INTO debitor VALUES
  ('5501', '140358-5005', 'Kim Sandholm'),
  ('5519', '021159-5019', 'Torben Egsgaard'),
  ('5522', '270660-5005', 'Lars Bo Vinther'),
  ('5530', '090458-5009', 'Svend Aage Lykkegaard');

INSERT INTO regning VALUES
  ('5510127', '5501', 'Byggesagsgebyr', 'Byg og Miljø', '{day-40}', '{day-10}', 268, 0, '+71<000000055101273+80001234<',
   1, '{day-5}', NULL),
  ('5509344', '5501', 'Ejendomsbidrag, 2. halvår', 'Opkrævning', '{day-120}', '{day-90}', 1840, 0,
   '+71<000000055093447+80001234<', 0, NULL, NULL),
  ('5511986', '5519', 'Tømning af septiktank', 'Affald og Spildevand', '{day-3}', '{day+27}', 1265, 253,
   '+71<000000055119861+80001234<', 0, NULL, NULL),
  ('5512230', '5530', 'Rente af lån til ejendomsskat', 'Opkrævning', '{day-15}', '{day+15}', 412.50, 0,
   '+71<000000055122303+80001234<', 0, NULL, '{day+45}');

INSERT INTO indbetaling VALUES
  ('5509344', '{day-93}', 1840),
  ('5509344', '{day-23}', 268);

CREATE VIEW torg_regning AS
SELECT
  debitor.cpr, debitor.debitornr, regning.regningsnr, regning.vedr, regning.afdeling, regning.dato, regning.forfald,
  regning.henstand_til, regning.fik, regning.rykkere, regning.rykkerdato,
  printf('%.2f', regning.belob) AS belob,
  printf('%.2f', regning.moms) AS moms,
  printf('%.2f', coalesce(betalt.sum, 0)) AS betalt,
  printf('%.2f', regning.belob - coalesce(betalt.sum, 0)) AS rest,
  indbetaling.betalt_den,
  indbetaling.sum AS indbetalt,
  CASE
    WHEN coalesce(betalt.sum, 0) > regning.belob THEN 'betalt for meget'
    WHEN coalesce(betalt.sum, 0) = regning.belob THEN 'betalt'
    WHEN coalesce(betalt.sum, 0) > 0 THEN 'delvist betalt'
    WHEN regning.rykkere > 0 THEN 'rykket'
    ELSE 'sendt'
  END AS tilstand
FROM regning
JOIN debitor ON debitor.debitornr = regning.debitornr
LEFT JOIN (SELECT regningsnr, sum(sum) AS sum FROM indbetaling GROUP BY regningsnr) AS betalt
  ON betalt.regningsnr = regning.regningsnr
LEFT JOIN indbetaling ON indbetaling.regningsnr = regning.regningsnr;
