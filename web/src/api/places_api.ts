import { request } from "./request";
import type { CardPlaces, CardsPlaced } from "./wire";

/** Moves many cards in one step, between teams too: all of them or none. */
export const placeCards = (places: CardPlaces["places"]) => request<CardsPlaced>("PATCH", "/canvas/places", { body: { places } });
