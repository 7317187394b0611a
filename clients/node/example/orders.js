/** Orders in memory. A shop has a database: there, an event and its order belong into one transaction. */
export class Orders {
  #orders = new Map();

  find(id) {
    return this.#orders.get(id);
  }

  add(id, amount) {
    if (!this.#orders.has(id)) {
      this.#orders.set(id, { id, amount, status: "new", sequence: 0, delivered: 0, events: new Set() });
    }
    return this.#orders.get(id);
  }

  /** Take an event in: the same one again changes nothing, an older one does not overwrite a newer one. */
  apply({ eventId, sequence, type, payment }) {
    const order = this.#orders.get(payment?.orderId);
    if (!order || order.events.has(eventId)) return;
    order.events.add(eventId);
    if (sequence > order.sequence) Object.assign(order, { sequence, status: payment.status });
    // Here the goods are sent, once.
    if (type === "payment.paid" || type === "payment.paid_late") order.delivered += 1;
  }
}
