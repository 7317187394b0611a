"""The customer's pages: on to Elsom, back from it, and the result page.

routes        what each route does
state         the state that is shown for a payment
texts         the texts, in Kyrgyz, Russian and English
html          the pages' HTML
destinations  where a customer may be sent on to
responses     pages and redirects with their headers
"""
